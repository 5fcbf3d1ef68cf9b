#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "config/config.h"
#include "config/section_reader.h"

namespace planwright {

/// Where each secret of the file is, by its name.
using Secrets = std::map<std::string, SecretSource>;

/// `{file: PATH}` or `{env: NAME}` in the section that `node` is; `what` names it in a complaint.
SecretSource readSecretSource(SectionReader& section, const ConfigNode& node,
                              const std::string& what, const std::filesystem::path& folder);

/// `secrets: {DEPLOY_TOKEN: {file: PATH}, OTHER: {env: NAME}}`. The values are not read: they may
/// change while the host runs.
Secrets readSecrets(SectionReader& top, const std::filesystem::path& folder,
                    ConfigProblems& problems);

/// Gives every stage the sources of the secrets it names; a name that is not in the file is a
/// problem.
void grantSecrets(const Secrets& secrets, Config& config, ConfigProblems& problems);

}  // namespace planwright

#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

#include "config/config.h"
#include "config/section_reader.h"

namespace planwright {

/// `access: {mode: token|none, tokens: [{name, role, queues, file|env}]}`. Relative paths are below
/// `folder`. The texts of the tokens are not read: they may change while the host runs.
AccessConfig readAccess(SectionReader& top, const std::filesystem::path& folder,
                        ConfigProblems& problems);

/// Every queue that a token names must be there.
void checkTokenQueues(const Config& config, ConfigProblems& problems);

/// A name that events and lists can show: letters, digits and "._@-", at most 64 of them.
bool isCallerName(std::string_view name);

/// Why this host must not listen where it is told to: others reach the address, and the
/// configuration does not say who they are. Nothing for a host without the role api.
std::optional<ConfigProblem> accessProblem(const Config& config);

}  // namespace planwright

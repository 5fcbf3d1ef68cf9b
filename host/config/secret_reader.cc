#include "config/secret_reader.h"

#include <algorithm>
#include <cctype>
#include <vector>

#include "config/stage_reader.h"

namespace planwright {
namespace {

/// POSIX.1-2017, 8.1: jobs find their secrets in variables of these names.
bool isVariableName(const std::string& name) {
  const auto fits = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
  return !name.empty() && std::isdigit(static_cast<unsigned char>(name.front())) == 0 &&
         std::all_of(name.begin(), name.end(), fits);
}

/// Finds what is named, and complains about names that are not in the file.
class Granting {
 public:
  Granting(const Secrets& secrets, const Config& config, ConfigProblems& problems)
      : secrets_(secrets),
        config_(config),
        problems_(problems) {}

  void grant(StageConfig& stage) const {
    for (auto& [name, source] : stage.secrets) grant(name, stage.pointer + "/secrets", source);
    stage.pluginSecrets = stage.secrets;
    for (const auto& [pointer, name] : stage.secretSettings)
      if (const auto* source = find(name, stage.settingsPointer(pointer)))
        stage.pluginSecrets[pointer.substr(pointer.rfind('/') + 1)] = *source;
  }

  /// `pointer`: where it is named.
  void grant(const std::string& name, const std::string& pointer, SecretSource& source) const {
    if (const auto* found = find(name, pointer)) source = *found;
  }

 private:
  const SecretSource* find(const std::string& name, const std::string& pointer) const {
    const auto found = secrets_.find(name);
    if (found != secrets_.end()) return &found->second;
    std::vector<std::string> known;
    for (const auto& secret : secrets_) known.push_back(secret.first);
    const std::string near = nearestName(name, known);
    problems_.push_back({config_.placeOf(pointer),
                         "no secret is named " + name +
                             (near.empty() ? "; write it below secrets: at the top of the file"
                                           : "; did you mean " + near + "?")});
    return nullptr;
  }

  const Secrets& secrets_;
  const Config& config_;
  ConfigProblems& problems_;
};

}  // namespace

SecretSource readSecretSource(SectionReader& section, const ConfigNode& node,
                              const std::string& what, const std::filesystem::path& folder) {
  SecretSource source;
  if (section.value("file")) source.file = resolvedPath(folder, section.text("file"));
  source.variable = section.text("env");
  if (source.file.empty() == source.variable.empty())
    section.complain(node, what + " needs one of file: PATH and env: NAME");
  return source;
}

Secrets readSecrets(SectionReader& top, const std::filesystem::path& folder,
                    ConfigProblems& problems) {
  Secrets secrets;
  const ConfigNode* node = top.section("secrets");
  if (!node) return secrets;
  for (const auto& member : node->members) {
    if (!isVariableName(member.key))
      problems.push_back({member.keyPlace, "\"" + member.key +
                                               "\" is no name for a variable, which is how jobs "
                                               "see a secret; write one such as DEPLOY_TOKEN"});
    const std::string what = "secret " + member.key;
    SectionReader section(&member.value, what, problems);
    secrets[member.key] = readSecretSource(section, member.value, what, folder);
    section.finish();
  }
  return secrets;
}

void grantSecrets(const Secrets& secrets, Config& config, ConfigProblems& problems) {
  const Granting granting(secrets, config, problems);
  for (auto& queue : config.queues) {
    for (auto& source : queue.sources) granting.grant(source);
    for (auto& planner : queue.planners) granting.grant(planner);
    granting.grant(queue.builder);
    for (auto& [name, source] : queue.nudgeSecret)
      granting.grant(name, queue.pointer + "/nudge_secret", source);
  }
}

}  // namespace planwright

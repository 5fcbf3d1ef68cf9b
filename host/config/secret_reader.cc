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

SecretSource readSource(const ConfigNode& node, const std::string& name,
                        const std::filesystem::path& folder, ConfigProblems& problems) {
  SectionReader section(&node, "secret " + name, problems);
  SecretSource source;
  if (section.value("file")) source.file = resolvedPath(folder, section.text("file"));
  source.variable = section.text("env");
  if (source.file.empty() == source.variable.empty())
    section.complain(node, "secret " + name + " needs one of file: PATH and env: NAME");
  section.finish();
  return source;
}

ConfigProblem unknown(const Secrets& secrets, const std::string& name, Place place) {
  std::vector<std::string> known;
  for (const auto& secret : secrets) known.push_back(secret.first);
  const std::string near = nearestName(name, known);
  return {std::move(place), "no secret is named " + name +
                                (near.empty() ? "; write it below secrets: at the top of the file"
                                              : "; did you mean " + near + "?")};
}

void grant(const Secrets& secrets, const Config& config, StageConfig& stage,
           ConfigProblems& problems) {
  for (auto& [name, source] : stage.secrets) {
    const auto found = secrets.find(name);
    if (found != secrets.end())
      source = found->second;
    else
      problems.push_back(unknown(secrets, name, config.placeOf(stage.pointer + "/secrets")));
  }
  stage.pluginSecrets = stage.secrets;
  for (const auto& [pointer, name] : stage.secretSettings) {
    const auto found = secrets.find(name);
    if (found != secrets.end())
      stage.pluginSecrets[pointer.substr(pointer.rfind('/') + 1)] = found->second;
    else
      problems.push_back(unknown(secrets, name, config.placeOf(stage.settingsPointer(pointer))));
  }
}

}  // namespace

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
    secrets[member.key] = readSource(member.value, member.key, folder, problems);
  }
  return secrets;
}

void grantSecrets(const Secrets& secrets, Config& config, ConfigProblems& problems) {
  for (auto& queue : config.queues) {
    for (auto& source : queue.sources) grant(secrets, config, source, problems);
    for (auto& planner : queue.planners) grant(secrets, config, planner, problems);
    grant(secrets, config, queue.builder, problems);
    for (auto& [name, source] : queue.nudgeSecret) {
      const auto found = secrets.find(name);
      if (found != secrets.end())
        source = found->second;
      else
        problems.push_back(unknown(secrets, name, config.placeOf(queue.pointer + "/nudge_secret")));
    }
  }
}

}  // namespace planwright

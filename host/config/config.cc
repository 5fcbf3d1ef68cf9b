#include "config/config.h"

#include <algorithm>
#include <cassert>

#include "base/json.h"

namespace planwright {

int RetryConfig::budget(FailureClass kind) const {
  switch (kind) {
    case FailureClass::Failed:
      return failed;
    case FailureClass::Infra:
      return attempts - 1;
    case FailureClass::Timeout:
      return timeout;
    case FailureClass::Limit:
      return limit;
    case FailureClass::Bug:
      return bug;
    case FailureClass::Rejected:
    case FailureClass::Config:
    case FailureClass::Cancelled:
      return 0;
  }
  return 0;
}

Place Config::placeOf(std::string_view pointer) const {
  while (true) {
    const auto found = places.find(std::string(pointer));
    if (found != places.end()) return found->second;
    const auto slash = pointer.rfind('/');
    if (slash == std::string_view::npos) return {};
    pointer = pointer.substr(0, slash);
  }
}

std::string sourceName(const SourceConfig& source, std::size_t index) {
  const auto dot = source.plugin.rfind('.');
  std::string name = dot == std::string::npos ? source.plugin : source.plugin.substr(dot + 1);
  return index == 0 ? name : name + "-" + std::to_string(index);
}

std::set<std::string> pluginsUsed(const QueueConfig& queue) {
  std::set<std::string> ids;
  for (const auto& source : queue.sources) ids.insert(source.plugin);
  for (const auto& planner : queue.planners) ids.insert(planner.plugin);
  if (!queue.builder.plugin.empty()) ids.insert(queue.builder.plugin);
  return ids;
}

std::map<std::string, double> weightsOf(const QueueConfig& queue) {
  std::map<std::string, double> weights;
  for (std::size_t i = 0; i < queue.sources.size(); ++i)
    weights[sourceName(queue.sources[i], i)] = queue.sources[i].weight;
  return weights;
}

const QueueConfig* Config::queue(std::string_view name) const {
  const auto found = std::find_if(queues.begin(), queues.end(),
                                  [&](const QueueConfig& q) { return q.name == name; });
  return found == queues.end() ? nullptr : &*found;
}

std::vector<std::string> Config::queueNames() const {
  std::vector<std::string> names;
  for (const auto& queue : queues) names.push_back(queue.name);
  return names;
}

const QueueConfig& Config::defaultQueue() const {
  assert(!queues.empty());
  const QueueConfig* named = queue("default");
  return named ? *named : queues.front();
}

bool Config::isLocked(const QueueConfig& queue, const std::string& key) const {
  return locked.contains(key) || queue.locked.contains(key);
}

Config builtInConfig(const std::filesystem::path& workingFolder) {
  Config config;
  config.dataFolder = (workingFolder / ".planwright").lexically_normal();
  QueueConfig queue;
  queue.name = "default";
  queue.pointer = "/queues/default";
  SourceConfig source;
  source.plugin = "planwright.folder";
  source.pointer = queue.pointer + "/source";
  JsonWriter settings;
  settings.object().member("path", (workingFolder / "input").lexically_normal().string()).end();
  source.settingsJson = settings.take();
  queue.sources.push_back(std::move(source));
  for (const auto& [match, plugin] : {std::pair{"requirements*.txt", "planwright.wheels"},
                                      std::pair{"*.plan.yaml", "planwright.recipe"}}) {
    PlannerConfig planner;
    planner.plugin = plugin;
    planner.match = match;
    if (planner.plugin == "planwright.wheels")  // pip asks an index
      planner.programs.network = Network::Outgoing;
    planner.pointer = queue.pointer + "/planner/" + std::to_string(queue.planners.size());
    queue.planners.push_back(std::move(planner));
  }
  queue.builder.plugin = "planwright.command";
  queue.builder.settingsJson = R"({"network":"asked"})";  // by jobs of planwright.wheels
  queue.builder.pointer = queue.pointer + "/builder";
  config.queues.push_back(std::move(queue));
  return config;
}

}  // namespace planwright

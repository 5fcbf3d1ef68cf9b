#include "config/stage_reader.h"

#include <algorithm>
#include <array>

namespace planwright {
namespace {

/// Settings of bundled plugins that hold paths: relative ones start at the configuration file,
/// where a person who edits it expects them to. Other plugins are told absolute paths.
struct PathSetting {
  std::string_view plugin;
  std::string_view key;
};
constexpr std::array kPathSettings = {PathSetting{"planwright.folder", "path"},
                                      PathSetting{"planwright.wheels", "find_links"}};

void resolveText(ConfigNode& node, const std::filesystem::path& folder) {
  const bool isUrl = node.text.find("://") != std::string::npos;
  if (node.kind == ConfigNode::Kind::Text && !node.text.empty() && !isUrl)
    node.text = resolvedPath(folder, node.text).string();
}

void resolveSettings(ConfigNode& settings, const std::string& plugin,
                     const std::filesystem::path& folder) {
  for (auto& member : settings.members) {
    const bool isPath = std::any_of(kPathSettings.begin(), kPathSettings.end(), [&](const auto& s) {
      return s.plugin == plugin && s.key == member.key;
    });
    if (!isPath) continue;
    resolveText(member.value, folder);
    for (auto& item : member.value.items) resolveText(item, folder);
  }
}

OnOverwrite readOnOverwrite(SectionReader& section) {
  return section.choice("on_overwrite", {"every", "latest"}, "every") == "latest"
             ? OnOverwrite::Latest
             : OnOverwrite::Every;
}

bool isPluginId(std::string_view id) {
  return !id.empty() && id.size() <= 200 && std::all_of(id.begin(), id.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_';
  });
}

void readPlugin(SectionReader& section, const StagePosition& position, StageConfig& stage) {
  section.refuse("version",
                 "means nothing: a queue runs what `planwright plugin reload` put in force; to "
                 "allow certain versions only, use plugins.lock (plugins: {require_lock: true})");
  const ConfigNode* node = section.value("plugin");
  if (!node) return;
  const std::string named = section.text("plugin");
  if (named.rfind("exec:", 0) == 0) {
    stage.plugin = "exec:" + resolvedPath(position.folder, named.substr(5)).string();
    if (named.size() == 5) section.complain(*node, "exec: needs the path of a program");
    return;
  }
  const auto at = named.find('@');
  stage.plugin = named.substr(0, at);
  if (!isPluginId(stage.plugin))
    section.complain(*node, "\"" + named +
                                "\" is not a plugin id; write one such as planwright.recipe or "
                                "exec:./planner.py");
  else if (at != std::string::npos)
    section.complain(*node, "a version after @ means nothing; write plugin: " + stage.plugin +
                                ", and to allow certain versions only, use plugins.lock (plugins: "
                                "{require_lock: true})");
}

void readSettings(SectionReader& section, const StagePosition& position, StageConfig& stage) {
  const ConfigNode* node = section.section("settings");
  if (!node) return;
  ConfigNode settings = *node;
  resolveSettings(settings, stage.plugin, position.folder);
  stage.settingsJson = nodeToJson(settings, stage.secretSettings);
}

void readLimits(const ConfigNode* node, StageKind kind, StageConfig& stage,
                ConfigProblems& problems) {
  SectionReader limits(node, "limits", problems);
  stage.limits.memoryBytes = limits.size("memory");
  stage.limits.cpu = limits.duration("cpu");
  if (limits.value("files")) stage.limits.files = limits.count("files", 256, 16, 1'000'000);
  if (kind == StageKind::Builder)
    stage.limits.outputBytes = limits.size("output");
  else
    limits.refuse("output", "is a limit of jobs; write it in the builder");
  if (limits.value("processes"))
    stage.limits.processes = limits.count("processes", 4096, 1, 1'000'000);
  stage.limits.fileSizeBytes = limits.size("file_size");
  stage.limits.diskBytes = limits.size("disk");
  limits.finish();
}

void readWorkerSandbox(const ConfigNode* node, StageKind kind, WorkerSandboxConfig& wanted,
                       ConfigProblems& problems) {
  SectionReader sandbox(node, "worker_sandbox", problems);
  wanted.profile = sandbox.choice("profile", {"auto", "none", "strict"}, wanted.profile);
  wanted.network = sandbox.flag("network", false);
  if (wanted.network && wanted.profile != "strict")
    sandbox.complain(*sandbox.value("network"),
                     "without a sandbox the network is there; write profile: strict, or remove "
                     "network");
  if (kind == StageKind::Source && wanted.profile == "strict")
    sandbox.complain(*sandbox.value("profile"),
                     "strict is not for sources: they read what people drop, which a sandbox would "
                     "hide");
  sandbox.finish();
}

Network readNetwork(SectionReader& section) {
  const std::string text = section.choice("network", {"true", "false", "host"}, "false");
  if (text == "host") return Network::Host;
  return text == "true" ? Network::Outgoing : Network::None;
}

/// What the programs of a source or planner may use.
void readPrograms(SectionReader& section, const StagePosition& position, StageKind kind,
                  ProgramsConfig& programs) {
  constexpr std::array kKeys = {"sandbox", "network", "readable"};
  if (kind == StageKind::Builder) {
    for (const auto* key : kKeys)
      section.refuse(
          key, "is a setting of the plugin here; write settings: {" + std::string(key) + ": ...}");
    return;
  }
  programs.sandbox = section.choice("sandbox", {"auto", "require", "none"}, programs.sandbox);
  programs.network = readNetwork(section);
  for (const auto& path : section.texts("readable"))
    programs.readable.push_back(resolvedPath(position.folder, path).string());
  if (programs.sandbox != "none") return;
  for (const auto* key : {"network", "readable"})
    if (const ConfigNode* node = section.value(key))
      section.complain(
          *node, std::string(key) + " means nothing without a sandbox; remove it or sandbox: none");
}

/// What every stage has.
void readStage(SectionReader& section, const StagePosition& position, StageKind kind,
               StageConfig& stage, ConfigProblems& problems) {
  stage.pointer = position.pointer;
  readPlugin(section, position, stage);
  readSettings(section, position, stage);
  stage.isolation = section.choice("isolation", {"auto", "process", "inproc"}, "auto");
  section.refuse("sanitize",
                 "is not supported by this version; build the plugin itself with the sanitizer");
  for (const auto& name : section.texts("secrets")) stage.secrets[name];
  readLimits(section.section("limits"), kind, stage, problems);
  readPrograms(section, position, kind, stage.programs);
  readWorkerSandbox(section.section("worker_sandbox"), kind, stage.workerSandbox, problems);
}

/// Nothing looks for uploads, so most keys of a source would mean nothing.
SourceConfig readManualSource(const ConfigNode& node, const StagePosition& position,
                              ConfigProblems& problems) {
  SourceConfig source;
  source.plugin = kManualSource;
  source.pointer = position.pointer;
  SectionReader section(&node, position.what, problems);
  section.value("plugin");
  source.onOverwrite = readOnOverwrite(section);
  source.maxBytes = section.size("max_bytes", source.maxBytes);
  for (const auto& member : node.members)
    if (member.key != "plugin" && member.key != "on_overwrite" && member.key != "max_bytes")
      section.refuse(member.key,
                     "means nothing for uploads (planwright.manual), which have max_bytes and "
                     "on_overwrite; remove it");
  section.finish();
  return source;
}

void requirePlugin(const StageConfig& stage, const ConfigNode& node, const std::string& example,
                   SectionReader& section) {
  if (stage.plugin.empty() && !section.value("plugin"))
    section.complain(node, "plugin is missing; write one, such as plugin: " + example);
}

}  // namespace

std::filesystem::path resolvedPath(const std::filesystem::path& folder, const std::string& path) {
  std::filesystem::path resolved = (folder / path).lexically_normal();
  if (!resolved.has_filename() && resolved.has_relative_path()) resolved = resolved.parent_path();
  return resolved;
}

SourceConfig readSource(const ConfigNode& own, const ConfigNode& node,
                        const StagePosition& position, ConfigProblems& problems) {
  if (const ConfigNode* plugin = own.find("plugin"); plugin && plugin->text == kManualSource)
    return readManualSource(own, position, problems);
  SourceConfig source;
  SectionReader section(&node, position.what, problems);
  readStage(section, position, StageKind::Source, source, problems);
  requirePlugin(source, node, "planwright.folder", section);
  source.pattern = section.glob("pattern", source.pattern);
  source.ignore = section.globs("ignore", source.ignore);
  source.stableFor = section.duration("stable_for", source.stableFor);
  source.onOverwrite = readOnOverwrite(section);
  source.maxBytes = section.size("max_bytes", source.maxBytes);
  source.weight = section.count("weight", source.weight, 1, 1'000);
  section.refuse("workers", "means nothing: one host at a time asks a source; remove it");
  source.deadline = section.duration("deadline", source.deadline);
  source.silenceTimeout = section.duration("silence_timeout", source.silenceTimeout);
  section.finish();
  return source;
}

PlannerConfig readPlanner(const ConfigNode& node, const StagePosition& position, int& workers,
                          ConfigProblems& problems) {
  PlannerConfig planner;
  SectionReader section(&node, position.what, problems);
  readStage(section, position, StageKind::Planner, planner, problems);
  requirePlugin(planner, node, "planwright.recipe", section);
  planner.match = section.glob("match", planner.match);
  planner.deadline = section.duration("deadline", planner.deadline);
  planner.silenceTimeout = section.duration("silence_timeout", planner.silenceTimeout);
  if (section.value("workers")) workers = std::max(workers, section.count("workers", 2, 1, 1'000));
  section.finish();
  return planner;
}

BuilderConfig readBuilder(const ConfigNode* node, const StagePosition& position,
                          ConfigProblems& problems) {
  BuilderConfig builder;
  SectionReader section(node, position.what, problems);
  readStage(section, position, StageKind::Builder, builder, problems);
  if (builder.plugin.empty()) builder.plugin = "planwright.command";
  builder.workers = section.count("workers", builder.workers, 1, 1'000);
  builder.jobSlots = section.count("job_slots", builder.jobSlots, 1, 10'000);
  builder.cpus = section.count("cpus", builder.cpus, 1, 10'000);
  builder.memoryBytes = section.size("memory");
  builder.cacheFailures = section.duration("cache_failures", builder.cacheFailures);
  builder.deadline = section.duration("deadline", builder.deadline);
  builder.silenceTimeout = section.duration("silence_timeout", builder.silenceTimeout);
  builder.logBytes = section.size("log_bytes", builder.logBytes);
  builder.keepsLogRest = section.flag("log_rest", builder.keepsLogRest);
  section.finish();
  return builder;
}

}  // namespace planwright

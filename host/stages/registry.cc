#include "stages/registry.h"

#include <algorithm>
#include <list>
#include <map>
#include <system_error>

#include <fmt/format.h>

#include "base/files.h"
#include "base/guarded.h"
#include "base/log.h"
#include "stages/inproc_instance.h"
#include "stages/manifest.h"
#include "stages/plugin_store.h"
#include "stages/process_stage.h"
#include "stages/program_plugin.h"
#include "stages/stored_plugin.h"

namespace planwright {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> pluginFiles(const fs::path& folder) {
  std::vector<fs::path> out;
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(folder, missing))
    if (std::error_code ignored;
        entry.path().extension() == ".so" && entry.is_regular_file(ignored))
      out.push_back(entry.path());
  std::sort(out.begin(), out.end());
  return out;
}

void describe(const Manifest& manifest, PluginInfo& info) {
  info.id = manifest.id;
  info.version = manifest.version;
  info.description = manifest.description;
  info.stages = manifest.stages;
  info.manifestJson = manifest.json;
  info.settingsSchemaJson = manifest.settingsSchemaJson;
  info.pure = manifest.pure;
}

/// Checks the file's bytes and notes in `info` what they say.
Result<Manifest> readPlugin(std::string_view bytes, const ManifestReader& reader,
                            PluginInfo& info) {
  info.digest = Digest::of(bytes).text();
  const auto section = manifestSection(bytes);
  if (!section) return section.error();
  auto manifest = reader.parse(*section);
  if (manifest) describe(*manifest, info);
  return manifest;
}

Result<std::string> settingsOf(const Manifest& manifest, std::string_view settingsJson) {
  auto settings = settingsWithDefaults(manifest.settingsSchemaJson, settingsJson);
  if (settings) return settings;
  Error error = settings.error();
  error.message = fmt::format("The settings of {} are wrong at {}", manifest.id, error.message);
  return error;
}

}  // namespace

struct Plugins::Program {
  PluginInfo info;
  std::shared_ptr<StoredPlugin> plugin;  ///< null = it could not be taken
};

/// What all generations of plugins share.
struct Plugins::Loaded {
  Loaded(PluginOptions given, Programs& runs)
      : options(std::move(given)),
        programs(runs),
        workers(std::make_shared<WorkerHost>(
            runs, options.workFolder,
            options.quarantine ? options.quarantine
                               : std::make_shared<Quarantine>(Quarantine::Rule{}))) {}
  const PluginOptions options;
  Programs& programs;
  const std::shared_ptr<WorkerHost> workers;
  const ManifestReader reader;
  Guarded<std::map<std::string, std::shared_ptr<StoredPlugin>>> byDigest;

  /// Of what a plugin counts outside of calls.
  CountMetric countOf(const std::string& plugin) const {
    if (!options.metrics) return nullptr;
    return [metrics = options.metrics, plugin](int kind, std::string_view name, double value,
                                               std::string_view labels) {
      metrics->report(plugin, {}, kind, name, value, labels);
    };
  }

  /// Everything that was ever read of each program, oldest first, so that pointers to it stay
  /// valid.
  Guarded<std::map<std::string, std::list<Program>, std::less<>>> programPlugins;
  const Program& programNow(std::string_view id);
  Program readNow(std::string_view id) const;
};

/// The programs of one generation of plugins. Each stays what it was when it was first asked for. A
/// program that could not be used is tried again.
struct Plugins::PinnedPrograms {
  Guarded<std::map<std::string, const Program*, std::less<>>> byId;
};

const Plugins::Program& Plugins::program(std::string_view id) const {
  auto pinned = programs_->byId.lock();
  auto& program = (*pinned)[std::string(id)];
  if (!program || !program->plugin) program = &shared_->programNow(id);
  return *program;
}

/// As its file is now.
const Plugins::Program& Plugins::Loaded::programNow(std::string_view id) {
  auto known = programPlugins.lock();
  auto& taken = (*known)[std::string(id)];
  Program now = readNow(id);
  for (const auto& before : taken)
    if (before.plugin && now.plugin && before.plugin->digest == now.plugin->digest &&
        before.plugin->manifest == now.plugin->manifest)
      return before;
  if (now.plugin)
    if (const auto ok = probePlugin(workers, *now.plugin); !ok) {
      now.info.error = ok.error().message;
      now.plugin.reset();
    }
  if (taken.empty() || now.plugin || taken.back().info != now.info) {
    if (!now.plugin) log::warn("plugin file={}: {}", now.info.file, now.info.error);
    taken.push_back(std::move(now));
  }
  return taken.back();
}

/// What stands there, not started yet.
Plugins::Program Plugins::Loaded::readNow(std::string_view id) const {
  Program now;
  PluginInfo& info = now.info;
  info.id = id;
  info.file = programOf(id).string();
  info.settingsSchemaJson = "{}";
  try {
    auto program = readProgram(info.file, reader);
    if (!program) {
      info.error = program.error().message;
      return now;
    }
    describe(program->manifest, info);
    info.digest = program->digest;
    if (options.lock) info.error = options.lock->whyNot(info.id, info.digest);
    if (info.error.empty())
      now.plugin =
          std::make_shared<StoredPlugin>(std::move(program->manifest), info.digest, info.file,
                                         programs, options.workFolder, countOf(info.id));
  } catch (const std::system_error& e) {
    info.error = e.what();
  }
  return now;
}

/// Checks and copies one file, and lets its code be greeted where that may happen.
Result<std::shared_ptr<StoredPlugin>> Plugins::take(const fs::path& file, PluginInfo& info) const {
  const PluginOptions& options = shared_->options;
  if (auto unsafe = whyUnsafe(file.parent_path()); !unsafe.empty())
    return Error{ErrorKind::Forbidden, std::move(unsafe), {}, {}};
  const std::string bytes = readFile(file, kPluginFileBytes);
  auto manifest = readPlugin(bytes, shared_->reader, info);
  if (!manifest) return manifest.error();
  if (options.lock)
    if (auto why = options.lock->whyNot(info.id, info.digest); !why.empty())
      return Error{ErrorKind::Forbidden, std::move(why), {}, {}};
  auto known = shared_->byDigest.lock();
  if (const auto at = known->find(info.digest); at != known->end()) return at->second;
  const auto stored =
      storeLibrary(options.storeFolder, info.id + ".so", bytes, *Digest::parse(info.digest));
  auto plugin =
      std::make_shared<StoredPlugin>(std::move(*manifest), info.digest, stored, shared_->programs,
                                     options.workFolder, shared_->countOf(info.id), bytes);
  if (info.isBundled && plugin->manifest.inproc) {
    if (const auto loaded = plugin->load(); !loaded) return loaded.error();
  } else if (const auto ok = probePlugin(shared_->workers, *plugin); !ok) {
    return ok.error();
  }
  known->emplace(info.digest, plugin);
  return plugin;
}

Result<std::shared_ptr<const Plugins>> Plugins::with(const std::vector<fs::path>& files) const {
  const std::shared_ptr<Plugins> made(new Plugins(*this));
  made->programs_ = std::make_shared<PinnedPrograms>();  // as their files are by then
  for (const auto& file : files) {
    PluginInfo info;
    info.file = file.string();
    info.settingsSchemaJson = "{}";
    auto plugin = take(file, info);
    if (!plugin) {
      Error error = plugin.error();
      error.message = fmt::format("{}: {}", info.id.empty() ? info.file : info.id, error.message);
      return error;
    }
    const auto at =
        std::find_if(made->loaded_.begin(), made->loaded_.end(),
                     [&](const Entry& entry) { return made->infos_[entry.info].id == info.id; });
    if (at != made->loaded_.end()) {
      made->infos_[at->info] = std::move(info);
      at->plugin = std::move(*plugin);
    } else {
      made->infos_.push_back(std::move(info));
      made->loaded_.push_back({made->infos_.size() - 1, std::move(*plugin)});
    }
  }
  return std::shared_ptr<const Plugins>(made);
}

Plugins::Plugins(const PluginOptions& options, Programs& programs)
    : shared_(std::make_shared<Loaded>(options, programs)),
      programs_(std::make_shared<PinnedPrograms>()) {
  if (!options.workFolder.empty()) {
    fs::remove_all(options.workFolder);  // what a killed host left
    fs::create_directories(options.workFolder);
  }
  for (const auto& folder : options.bundled) addFolder(folder, true);
  for (const auto& folder : options.folders) addFolder(folder, false);
  dropOldCopies(options.storeFolder);
}

void Plugins::addFolder(const fs::path& folder, bool isBundled) {
  for (const auto& file : pluginFiles(folder)) {
    PluginInfo info;
    info.file = file.string();
    info.settingsSchemaJson = "{}";
    info.isBundled = isBundled;
    std::shared_ptr<StoredPlugin> plugin;
    try {
      auto taken = take(file, info);
      if (!taken)
        info.error = taken.error().message;
      else if (const auto* other = find(info.id); other && other->error.empty())
        info.error = fmt::format("{} was found before, as {}.", info.id, other->file);
      else
        plugin = std::move(*taken);
    } catch (const std::system_error& e) {
      info.error = e.what();
    }
    if (!info.error.empty()) log::warn("plugin file={}: {}", info.file, info.error);
    infos_.push_back(std::move(info));
    if (plugin) loaded_.push_back({infos_.size() - 1, std::move(plugin)});
  }
}

/// Deletes copies of plugins that are not installed any more. The data folder is locked, so nobody
/// else runs them.
void Plugins::dropOldCopies(const fs::path& store) const {
  std::error_code gone;
  const PluginStore installed(store);
  for (const auto& entry : fs::directory_iterator(store, gone)) {
    const std::string digest = "sha256:" + entry.path().filename().string();
    const bool isUsed = std::any_of(loaded_.begin(), loaded_.end(), [&](const Entry& loaded) {
      return infos_[loaded.info].digest == digest;
    });
    if (isUsed || !Digest::parse(digest) || installed.find(digest)) continue;
    fs::remove_all(entry.path(), gone);
    log::info("removed old plugin copy={}", digest);
  }
}

Plugins::~Plugins() = default;

const PluginInfo* Plugins::find(std::string_view id) const {
  if (!programOf(id).empty()) return &program(id).info;
  const PluginInfo* failed = nullptr;
  for (const auto& info : infos_) {
    if (info.id != id) continue;
    if (info.error.empty()) return &info;
    if (!failed) failed = &info;
  }
  return failed;
}

Result<std::string> Plugins::settings(std::string_view id, std::string_view settingsJson) const {
  const auto* info = find(id);
  if (!info) return notFound(fmt::format("There is no plugin {}.", id));
  return settingsWithDefaults(info->settingsSchemaJson, settingsJson);
}

std::shared_ptr<StoredPlugin> Plugins::stored(std::string_view id) const {
  if (!programOf(id).empty()) return program(id).plugin;
  const auto at = std::find_if(loaded_.begin(), loaded_.end(),
                               [&](const Entry& e) { return infos_[e.info].id == id; });
  return at == loaded_.end() ? nullptr : at->plugin;
}

Result<std::shared_ptr<StoredPlugin>> Plugins::usable(std::string_view id,
                                                      std::string_view stage) const {
  auto found = stored(id);
  if (!found) {
    const auto* failed = find(id);
    return notFound(
        failed
            ? fmt::format("The plugin {} could not be loaded: {}", id, failed->error)
            : fmt::format("There is no plugin {}; see the plugins list for what was found.", id));
  }
  if (!found->manifest.provides(stage))
    return notFound(fmt::format("The plugin {} has no stage {}.", id, stage));
  return found;
}

Result<StageRoom::Isolation> whereItRuns(const Manifest& manifest, bool isBundled,
                                         StageRoom::Isolation wanted) {
  using Isolation = StageRoom::Isolation;
  if (wanted == Isolation::Auto) {
    const bool isHere = isBundled ? !manifest.prefersProcess : !manifest.process;
    return manifest.inproc && isHere ? Isolation::Inproc : Isolation::Process;
  }
  if (wanted == Isolation::Inproc && !programOf(manifest.id).empty())
    return invalid(fmt::format("The program {} runs in a process of its own only.", manifest.id));
  if (wanted == Isolation::Inproc && !manifest.inproc)
    return invalid(fmt::format(
        "The manifest of {} does not let it run inside the host; write isolation: process.",
        manifest.id));
  if (wanted == Isolation::Process && !manifest.process)
    return invalid(
        fmt::format("The manifest of {} lets it run inside the host only; write isolation: inproc.",
                    manifest.id));
  return wanted;
}

Result<StageRoom::Isolation> Plugins::isolation(std::string_view id,
                                                StageRoom::Isolation wanted) const {
  const auto found = stored(id);
  if (!found) return notFound(fmt::format("There is no usable plugin {}.", id));
  return whereItRuns(found->manifest, find(id)->isBundled, wanted);
}

std::string Plugins::whyQuarantined(std::string_view id) const {
  const auto found = stored(id);
  return found ? shared_->workers->quarantine->whyNot(found->digest) : std::string();
}

/// Why its code must not come into this process now, or "".
std::string Plugins::whyNotBesideOthers(const StoredPlugin& plugin) const {
  auto known = shared_->byDigest.lock();
  for (const auto& [digest, other] : *known) {
    if (other.get() == &plugin || other->manifest.id != plugin.manifest.id) continue;
    const std::string& mine = plugin.residence.whyAlone;
    const std::string& why = mine.empty() ? other->residence.whyAlone : mine;
    if (why.empty() || !other->isInMemory()) continue;
    return fmt::format(
        "Version {} of {} cannot run inside the host beside version {}, which is in its memory: "
        "{}. Write isolation: process, or restart the host.",
        plugin.manifest.version, plugin.manifest.id, other->manifest.version, why);
  }
  return {};
}

std::size_t Plugins::parked() const {
  auto known = shared_->byDigest.lock();
  return static_cast<std::size_t>(std::count_if(
      known->begin(), known->end(), [](const auto& each) { return each.second->isParked(); }));
}

Result<std::unique_ptr<StageInstance>> Plugins::stage(std::string_view stage, std::string_view id,
                                                      const std::string& queue,
                                                      std::string_view settingsJson,
                                                      const StageRoom& room) const {
  const auto plugin = usable(id, stage);
  if (!plugin) return plugin.error();
  auto settings = settingsOf((*plugin)->manifest, settingsJson);
  if (!settings) return settings.error();
  const auto where = isolation(id, room.isolation);
  if (!where) return where.error();
  if (*where == StageRoom::Isolation::Process)
    return ProcessInstance::create(
        shared_->workers,
        WorkerTask::of(**plugin, std::string(stage), queue, std::move(*settings), room));
  if (auto why = whyNotBesideOthers(**plugin); !why.empty()) return invalid(std::move(why));
  auto library = (*plugin)->library();
  if (!library) return library.error();
  return InprocInstance::create(std::move(*library), stage, queue, *settings);
}

Result<std::unique_ptr<StageInstance>> Plugins::planner(std::string_view id,
                                                        const std::string& queue,
                                                        std::string_view settingsJson,
                                                        const StageRoom& room) const {
  return stage(PW_PLANNER, id, queue, settingsJson, room);
}

Result<std::unique_ptr<StageInstance>> Plugins::builder(std::string_view id,
                                                        const std::string& queue,
                                                        std::string_view settingsJson,
                                                        const StageRoom& room) const {
  return stage(PW_BUILDER, id, queue, settingsJson, room);
}

Result<std::unique_ptr<StageInstance>> Plugins::remoteBuilder(std::string_view id,
                                                              const std::string& queue,
                                                              std::string_view settingsJson,
                                                              const StageRoom& room) const {
  return stage(PW_REMOTE_BUILDER, id, queue, settingsJson, room);
}

Result<std::unique_ptr<StageInstance>> Plugins::source(std::string_view id,
                                                       const std::string& queue,
                                                       std::string_view settingsJson,
                                                       const StageRoom& room) const {
  return stage(PW_SOURCE, id, queue, settingsJson, room);
}

bool Plugins::isRemote(std::string_view id) const {
  const auto plugin = stored(id);
  return plugin && plugin->manifest.provides(PW_REMOTE_BUILDER) &&
         !plugin->manifest.provides(PW_BUILDER);
}

}  // namespace planwright

#include "stages/registry.h"

#include <algorithm>
#include <map>
#include <system_error>

#include <fmt/format.h>

#include "base/files.h"
#include "base/guarded.h"
#include "base/log.h"
#include "base/remove_tree.h"
#include "stages/inproc_instance.h"
#include "stages/manifest.h"
#include "stages/plugin_store.h"
#include "stages/process_stage.h"
#include "stages/program_plugin.h"
#include "stages/stored_plugin.h"
#include "stages/taken_plugins.h"

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

Result<std::string> settingsOf(const Manifest& manifest, std::string_view settingsJson) {
  auto settings = settingsWithDefaults(manifest.settingsSchemaJson, settingsJson);
  if (settings) return settings;
  Error error = settings.error();
  error.message = fmt::format("The settings of {} are wrong at {}", manifest.id, error.message);
  return error;
}

}  // namespace

/// The programs of one generation of plugins. Each stays what it was when it was first asked for. A
/// program that could not be used is tried again.
struct Plugins::PinnedPrograms {
  Guarded<std::map<std::string, const TakenProgram*, std::less<>>> byId;
};

const TakenProgram& Plugins::program(std::string_view id) const {
  auto pinned = programs_->byId.lock();
  auto& program = (*pinned)[std::string(id)];
  if (!program || !program->plugin) program = &taken_->programNow(id);
  return *program;
}

Result<std::shared_ptr<const Plugins>> Plugins::with(const std::vector<fs::path>& files) const {
  const std::shared_ptr<Plugins> made(new Plugins(*this));
  made->programs_ = std::make_shared<PinnedPrograms>();  // as their files are by then
  for (const auto& file : files) {
    PluginInfo info;
    info.file = file.string();
    info.settingsSchemaJson = "{}";
    auto plugin = taken_->take(file, info);
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
    : taken_(std::make_shared<TakenPlugins>(options, programs)),
      programs_(std::make_shared<PinnedPrograms>()) {
  if (!options.workFolder.empty()) {
    removeTree(options.workFolder);  // what a killed host left
    makeFolder(options.workFolder, 0711);
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
      auto taken = taken_->take(file, info);
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
    if (!isBundled && !manifest.process)
      return invalid(
          fmt::format("The manifest of {} lets it run inside the host only, with all "
                      "rights of the host; write isolation: inproc to allow that.",
                      manifest.id));
    return manifest.inproc && isBundled && !manifest.prefersProcess ? Isolation::Inproc
                                                                    : Isolation::Process;
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
  return found ? taken_->workers()->quarantine->whyNot(found->digest) : std::string();
}

std::size_t Plugins::parked() const {
  return taken_->parked();
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
        taken_->workers(), WorkerTask::of(**plugin, std::string(stage), queue, std::move(*settings),
                                          room, find(id)->isBundled));
  if (room.rights == StageRoom::Rights::Strict && !find(id)->isBundled)
    return invalid(
        fmt::format("{} would run inside the host, where worker_sandbox: {{profile: "
                    "strict}} has no effect; write isolation: process.",
                    id));
  if (auto why = taken_->whyNotBeside(**plugin); !why.empty()) return invalid(std::move(why));
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

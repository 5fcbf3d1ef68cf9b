#include "stages/registry.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/files.h"
#include "base/guarded.h"
#include "base/log.h"
#include "stages/inproc_builder.h"
#include "stages/inproc_planner.h"
#include "stages/inproc_source.h"
#include "stages/library.h"
#include "stages/manifest.h"
#include "stages/plugin_store.h"
#include "stages/process_stage.h"

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

PluginInfo inspectPlugin(const fs::path& file) {
  PluginInfo info;
  info.file = file.string();
  info.settingsSchemaJson = "{}";
  try {
    const auto manifest = readPlugin(readFile(file, kPluginFileBytes), ManifestReader(), info);
    if (!manifest) info.error = manifest.error().message;
  } catch (const std::system_error& e) {
    info.error = e.what();
  }
  return info;
}

/// What all generations of plugins share. Libraries stay loaded to the end of the program: code
/// that left a thread or a destructor behind must not go, and an old version costs some 60 KiB.
struct Plugins::Loaded {
  Loaded(PluginOptions given, Programs& runs)
      : options(std::move(given)),
        programs(runs),
        workers(std::make_shared<WorkerHost>(runs, options.workFolder)) {}
  const PluginOptions options;
  Programs& programs;
  const std::shared_ptr<WorkerHost> workers;
  const ManifestReader reader;
  Guarded<std::map<std::string, std::shared_ptr<Library>>> byDigest;
};

/// Checks, copies and loads one file.
Result<std::shared_ptr<Library>> Plugins::load(const fs::path& file, PluginInfo& info) const {
  const PluginOptions& options = shared_->options;
  if (auto unsafe = whyUnsafe(file.parent_path()); !unsafe.empty())
    return Error{ErrorKind::Forbidden, std::move(unsafe), {}, {}};
  const std::string bytes = readFile(file, kPluginFileBytes);
  auto manifest = readPlugin(bytes, shared_->reader, info);
  if (!manifest) return manifest.error();
  if (options.lock)
    if (auto why = options.lock->whyNot(info.id, info.digest); !why.empty())
      return Error{ErrorKind::Forbidden, std::move(why), {}, {}};
  if (!manifest->inproc)
    return invalid("It must run in a process of its own, which this version cannot do.");
  auto known = shared_->byDigest.lock();
  if (const auto at = known->find(info.digest); at != known->end()) return at->second;
  const auto stored =
      storeLibrary(options.storeFolder, info.id + ".so", bytes, *Digest::parse(info.digest));
  auto library = Library::load(stored, std::move(*manifest), shared_->programs, options.workFolder);
  if (library) known->emplace(info.digest, *library);
  return library;
}

Result<std::shared_ptr<const Plugins>> Plugins::with(const std::vector<fs::path>& files) const {
  const std::shared_ptr<Plugins> made(new Plugins(*this));
  for (const auto& file : files) {
    PluginInfo info;
    info.file = file.string();
    info.settingsSchemaJson = "{}";
    auto library = load(file, info);
    if (!library) {
      Error error = library.error();
      error.message = fmt::format("{}: {}", info.id.empty() ? info.file : info.id, error.message);
      return error;
    }
    const auto at =
        std::find_if(made->loaded_.begin(), made->loaded_.end(),
                     [&](const Entry& entry) { return made->infos_[entry.info].id == info.id; });
    if (at != made->loaded_.end()) {
      made->infos_[at->info] = std::move(info);
      at->library = std::move(*library);
    } else {
      made->infos_.push_back(std::move(info));
      made->loaded_.push_back({made->infos_.size() - 1, std::move(*library)});
    }
  }
  return std::shared_ptr<const Plugins>(made);
}

Plugins::Plugins(const PluginOptions& options, Programs& programs)
    : shared_(std::make_shared<Loaded>(options, programs)) {
  if (!options.workFolder.empty()) {
    fs::remove_all(options.workFolder);  // what a killed host left
    fs::create_directories(options.workFolder);
  }
  for (const auto& folder : options.folders) {
    for (const auto& file : pluginFiles(folder)) {
      PluginInfo info;
      info.file = file.string();
      info.settingsSchemaJson = "{}";
      std::shared_ptr<Library> library;
      try {
        auto loaded = load(file, info);
        if (!loaded)
          info.error = loaded.error().message;
        else if (const auto* other = find(info.id); other && other->error.empty())
          info.error = fmt::format("{} was found before, as {}.", info.id, other->file);
        else
          library = *loaded;
      } catch (const std::exception& e) {
        info.error = e.what();
      }
      if (!info.error.empty()) log::warn("plugin file={}: {}", info.file, info.error);
      infos_.push_back(std::move(info));
      if (library) loaded_.push_back({infos_.size() - 1, std::move(library)});
    }
  }
  dropOldCopies(options.storeFolder);
}

/// Copies of what is no longer installed; the data folder is locked, so nobody else runs them.
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

Result<std::shared_ptr<Library>> Plugins::usable(std::string_view id,
                                                 std::string_view stage) const {
  const auto at = std::find_if(loaded_.begin(), loaded_.end(),
                               [&](const Entry& e) { return infos_[e.info].id == id; });
  if (at == loaded_.end()) {
    const auto* failed = find(id);
    return notFound(
        failed
            ? fmt::format("The plugin {} could not be loaded: {}", id, failed->error)
            : fmt::format("There is no plugin {}; see the plugins list for what was found.", id));
  }
  if (!at->library->stage(stage))
    return notFound(fmt::format("The plugin {} has no stage {}.", id, stage));
  return at->library;
}

template <class Stage, class Made, class Table>
Result<std::unique_ptr<Stage>> Plugins::make(std::string_view stage, std::string_view id,
                                             const std::string& queue,
                                             std::string_view settingsJson) const {
  auto library = usable(id, stage);
  if (!library) return library.error();
  const auto settings = settingsOf((*library)->manifest(), settingsJson);
  if (!settings) return settings.error();
  const auto* table = static_cast<const Table*>((*library)->stage(stage));
  return Made::create(std::move(*library), table, queue, *settings);
}

template <class Stage, class Made>
Result<std::unique_ptr<Stage>> Plugins::makeProcess(std::string_view stage, std::string_view id,
                                                    const std::string& queue,
                                                    std::string_view settingsJson,
                                                    const StageRoom& room) const {
  const auto library = usable(id, stage);
  if (!library) return library.error();
  const auto& manifest = (*library)->manifest();
  auto settings = settingsOf(manifest, settingsJson);
  if (!settings) return settings.error();
  auto instance = ProcessInstance::create(
      shared_->workers,
      {manifest.id, manifest.version, find(id)->digest, (*library)->file().string(),
       std::string(stage), queue, std::move(*settings), manifest.secrets, room.limits});
  if (!instance) return instance.error();
  return std::unique_ptr<Stage>(std::make_unique<Made>(std::move(*instance)));
}

Result<std::unique_ptr<Planner>> Plugins::planner(std::string_view id, const std::string& queue,
                                                  std::string_view settingsJson,
                                                  const StageRoom& room) const {
  if (room.isolation == StageRoom::Isolation::Process)
    return makeProcess<Planner, ProcessPlanner>(PW_PLANNER, id, queue, settingsJson, room);
  return make<Planner, InprocPlanner, pw_planner>(PW_PLANNER, id, queue, settingsJson);
}

Result<std::unique_ptr<Builder>> Plugins::builder(std::string_view id, const std::string& queue,
                                                  std::string_view settingsJson,
                                                  const StageRoom& room) const {
  if (room.isolation == StageRoom::Isolation::Process)
    return makeProcess<Builder, ProcessBuilder>(PW_BUILDER, id, queue, settingsJson, room);
  return make<Builder, InprocBuilder, pw_builder>(PW_BUILDER, id, queue, settingsJson);
}

Result<std::unique_ptr<Source>> Plugins::source(std::string_view id, const std::string& queue,
                                                std::string_view settingsJson) const {
  return make<Source, InprocSource, pw_source>(PW_SOURCE, id, queue, settingsJson);
}

}  // namespace planwright

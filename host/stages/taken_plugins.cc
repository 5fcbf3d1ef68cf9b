#include "stages/taken_plugins.h"

#include <algorithm>
#include <system_error>

#include <fmt/format.h>

#include "base/files.h"
#include "base/log.h"
#include "base/trusted_file.h"
#include "stages/library.h"
#include "stages/plugin_store.h"
#include "stages/process_stage.h"
#include "stages/program_plugin.h"

namespace planwright {
namespace {

namespace fs = std::filesystem;

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

}  // namespace

TakenPlugins::TakenPlugins(PluginOptions options, Programs& programs)
    : options_(std::move(options)),
      programs_(programs),
      workers_(std::make_shared<WorkerHost>(
          programs, options_.workFolder,
          options_.quarantine ? options_.quarantine
                              : std::make_shared<Quarantine>(Quarantine::Rule{}))) {}

/// Of what a plugin counts outside of calls.
CountMetric TakenPlugins::countOf(const std::string& plugin) const {
  if (!options_.metrics) return nullptr;
  return [metrics = options_.metrics, plugin](int kind, std::string_view name, double value,
                                              std::string_view labels) {
    metrics->report(plugin, {}, kind, name, value, labels);
  };
}

Result<std::shared_ptr<StoredPlugin>> TakenPlugins::take(const fs::path& file, PluginInfo& info) {
  // Who could change the place of the bundled ones could change this program as well.
  const auto opened = openTrusted(file, info.isBundled ? file.parent_path() : fs::path("/"));
  if (!opened) return opened.error();
  const std::string bytes = readAll(opened->fd.get(), kPluginFileBytes);
  auto manifest = readPlugin(bytes, reader_, info);
  if (!manifest) return manifest.error();
  if (options_.lock)
    if (auto why = options_.lock->whyNot(info.id, info.digest); !why.empty())
      return Error{ErrorKind::Forbidden, std::move(why), {}, {}};
  auto known = byDigest_.lock();
  if (const auto at = known->find(info.digest); at != known->end()) return at->second;
  const auto stored =
      storeLibrary(options_.storeFolder, info.id + ".so", bytes, *Digest::parse(info.digest));
  auto plugin = std::make_shared<StoredPlugin>(std::move(*manifest), info.digest, stored, programs_,
                                               options_.workFolder, countOf(info.id), bytes);
  if (info.isBundled && plugin->manifest.inproc) {
    if (const auto loaded = plugin->load(); !loaded) return loaded.error();
  } else if (const auto ok = probePlugin(workers_, *plugin, info.isBundled); !ok) {
    return ok.error();
  }
  known->emplace(info.digest, plugin);
  return plugin;
}

const TakenProgram& TakenPlugins::programNow(std::string_view id) {
  auto known = byProgram_.lock();
  auto& taken = (*known)[std::string(id)];
  TakenProgram now = readNow(id);
  for (const auto& before : taken)
    if (before.plugin && now.plugin && before.plugin->digest == now.plugin->digest &&
        before.plugin->manifest == now.plugin->manifest)
      return before;
  if (now.plugin)
    if (const auto ok = probePlugin(workers_, *now.plugin, false); !ok) {
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
TakenProgram TakenPlugins::readNow(std::string_view id) const {
  TakenProgram now;
  PluginInfo& info = now.info;
  info.id = id;
  info.file = programOf(id).string();
  info.settingsSchemaJson = "{}";
  try {
    auto program = readProgram(info.file, reader_);
    if (!program) {
      info.error = program.error().message;
      return now;
    }
    describe(program->manifest, info);
    info.digest = program->digest;
    if (options_.lock) info.error = options_.lock->whyNot(info.id, info.digest);
    if (info.error.empty())
      now.plugin =
          std::make_shared<StoredPlugin>(std::move(program->manifest), info.digest, info.file,
                                         programs_, options_.workFolder, countOf(info.id));
  } catch (const std::system_error& e) {
    info.error = e.what();
  }
  return now;
}

std::string TakenPlugins::whyNotBeside(const StoredPlugin& plugin) {
  auto known = byDigest_.lock();
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

std::size_t TakenPlugins::parked() {
  auto known = byDigest_.lock();
  return static_cast<std::size_t>(std::count_if(
      known->begin(), known->end(), [](const auto& each) { return each.second->isParked(); }));
}

}  // namespace planwright

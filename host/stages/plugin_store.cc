#include "stages/plugin_store.h"

#include <algorithm>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/files.h"
#include "base/json.h"
#include "base/trusted_file.h"
#include "base/unique_fd.h"
#include "stages/library.h"
#include "stages/manifest.h"

namespace planwright {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kLargestList = std::size_t{16} << 20;

fs::path copyOf(const fs::path& folder, const std::string& id, const std::string& digest) {
  return folder / digest.substr(digest.find(':') + 1) / (id + ".so");
}

}  // namespace

Result<InstalledPlugin> PluginStore::install(const fs::path& file, const Probe& probe) {
  const auto opened = openTrusted(file);
  if (!opened) return opened.error();
  struct stat info {};
  if (::fstat(opened->fd.get(), &info) != 0 || !S_ISREG(info.st_mode))
    return notFound(fmt::format("There is no file {}.", file.string()));
  const std::string bytes = readAll(opened->fd.get(), kPluginFileBytes);
  const auto section = manifestSection(bytes);
  if (!section) return section.error();
  const auto manifest = ManifestReader().parse(*section);
  if (!manifest) return manifest.error();
  const Digest digest = Digest::of(bytes);
  makeFolder(folder_, 0711);
  InstalledPlugin plugin{manifest->id, manifest->version, digest.text(),
                         storeLibrary(folder_, manifest->id + ".so", bytes, digest),
                         toRfc3339(SystemClock().now())};
  const bool isNew = !find(plugin.digest);
  if (const auto ok = probe(plugin.file); !ok) {
    std::error_code missing;
    if (isNew) fs::remove_all(plugin.file.parent_path(), missing);
    return ok.error();
  }
  const auto listed = change([&](List& list) -> Result<void> {
    std::erase_if(list.plugins, [&](const auto& each) { return each.digest == plugin.digest; });
    list.plugins.push_back(plugin);
    return {};
  });
  if (!listed) return listed.error();
  return plugin;
}

std::vector<InstalledPlugin> PluginStore::all() const {
  return read().plugins;
}

std::optional<InstalledPlugin> PluginStore::newest(std::string_view id) const {
  std::optional<InstalledPlugin> newest;
  for (auto& plugin : all())
    if (plugin.id == id) newest = std::move(plugin);
  return newest;
}

std::optional<InstalledPlugin> PluginStore::find(std::string_view digest) const {
  for (auto& plugin : all())
    if (plugin.digest == digest) return plugin;
  return std::nullopt;
}

Result<InstalledPlugin> PluginStore::remove(const std::string& which) {
  InstalledPlugin removed;
  const auto done = change([&](List& list) -> Result<void> {
    const auto at = std::find_if(list.plugins.begin(), list.plugins.end(), [&](const auto& each) {
      return each.digest == which || each.id + "@" + each.version == which;
    });
    if (at == list.plugins.end())
      return notFound(fmt::format("{} is not installed; see `planwright plugin ls`.", which));
    const std::string now = toRfc3339(SystemClock().now());
    for (auto& [queue, choices] : list.queues)
      for (auto& [id, choice] : choices) {
        if (choice.digest == at->digest)
          return conflict(fmt::format("The queue {} runs it; let it run another one first.", queue),
                          "plugin-in-use");
        if (choice.before != at->digest) continue;
        if (now < choice.keptUntil)
          return conflict(fmt::format("The queue {} may go back to it until {} (rollback_window).",
                                      queue, choice.keptUntil),
                          "plugin-in-use");
        choice.before.reset();
      }
    removed = *at;
    list.plugins.erase(at);
    return {};
  });
  if (!done) return done.error();
  std::error_code gone;  // code that is loaded stays: the file is only unlinked
  fs::remove_all(removed.file.parent_path(), gone);
  return removed;
}

PluginChoices PluginStore::choices(const std::string& queue) const {
  auto queues = read().queues;
  return std::move(queues[queue]);
}

void PluginStore::choose(const std::string& queue, const PluginChoices& choices) {
  const auto done = change([&](List& list) -> Result<void> {
    list.queues[queue] = choices;
    return {};
  });
  if (!done) throw std::runtime_error(done.error().message);
}

PluginStore::List PluginStore::read() const {
  List list;
  std::error_code missing;
  if (!fs::exists(folder_ / "installed.json", missing)) return list;
  const auto document = parseJson(readFile(folder_ / "installed.json", kLargestList));
  if (!document || !document->IsObject())
    throw std::runtime_error((folder_ / "installed.json").string() + " is damaged");
  if (const JsonValue* plugins = planwright::find(*document, "plugins"))
    for (const auto& each : plugins->GetArray()) {
      InstalledPlugin plugin{textOr(each, "id"),
                             textOr(each, "version"),
                             textOr(each, "digest"),
                             {},
                             textOr(each, "installed_at")};
      plugin.file = copyOf(folder_, plugin.id, plugin.digest);
      list.plugins.push_back(std::move(plugin));
    }
  if (const JsonValue* queues = planwright::find(*document, "queues"))
    for (const auto& queue : queues->GetObject())
      for (const auto& each : queue.value.GetObject()) {
        PluginChoice choice{textOr(each.value, "digest"), std::nullopt,
                            textOr(each.value, "kept_until")};
        if (planwright::find(each.value, "before")) choice.before = textOr(each.value, "before");
        list.queues[queue.name.GetString()][each.name.GetString()] = choice;
      }
  return list;
}

Result<void> PluginStore::change(const std::function<Result<void>(List&)>& edit) const {
  makeFolder(folder_, 0711);
  const UniqueFd lock(::open((folder_ / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (lock.get() < 0 || ::flock(lock.get(), LOCK_EX) != 0)
    throw std::system_error(errno, std::generic_category(), (folder_ / "lock").string());
  List list = read();
  if (auto ok = edit(list); !ok) return ok;
  JsonWriter json;
  json.object().key("plugins").array();
  for (const auto& each : list.plugins)
    json.object()
        .member("id", each.id)
        .member("version", each.version)
        .member("digest", each.digest)
        .member("installed_at", each.installedAt)
        .end();
  json.end().key("queues").object();
  for (const auto& [queue, choices] : list.queues) {
    json.key(queue).object();
    for (const auto& [id, choice] : choices) {
      json.key(id).object().member("digest", choice.digest);
      if (choice.before)
        json.member("before", *choice.before).member("kept_until", choice.keptUntil);
      json.end();
    }
    json.end();
  }
  replaceFile(folder_ / "installed.json", json.end().end().take(), 0600);
  return {};
}

}  // namespace planwright

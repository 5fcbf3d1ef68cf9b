#include "stages/plugin_lock.h"

#include <algorithm>

#include "base/digest.h"
#include "base/files.h"
#include "base/json.h"

namespace planwright {

namespace fs = std::filesystem;

fs::path PluginLock::fileBeside(const fs::path& configFile) {
  return configFile.parent_path() / "plugins.lock";
}

PluginLock PluginLock::of(std::vector<LockedPlugin> plugins) {
  PluginLock lock;
  lock.plugins_ = std::move(plugins);
  std::sort(lock.plugins_.begin(), lock.plugins_.end(), [](const auto& a, const auto& b) {
    return std::tie(a.id, a.digest) < std::tie(b.id, b.digest);
  });
  return lock;
}

Result<PluginLock> PluginLock::read(const fs::path& file) {
  std::error_code missing;
  if (!fs::exists(file, missing))
    return notFound("There is no " + file.string() +
                    "; write it with `planwright plugin lock`, or take require_lock out.");
  const auto document = parseJson(readFile(file));
  if (!document) return invalid(file.string() + ": " + document.error().message);
  const JsonValue* plugins = find(*document, "plugins");
  if (numberOr(*document, "lock", 0) != 1 || !plugins || !plugins->IsArray())
    return invalid(file.string() + " is no plugins.lock of this version.");
  std::vector<LockedPlugin> locked;
  for (const auto& each : plugins->GetArray()) {
    LockedPlugin plugin{
        textOr(each, "id"), textOr(each, "version"), "sha256:" + textOr(each, "sha256"), "{}", {}};
    if (plugin.id.empty() || !Digest::parse(plugin.digest))
      return invalid(file.string() + " names a plugin without id or sha256.");
    if (const JsonValue* permissions = find(each, "permissions"))
      plugin.permissionsJson = toJson(*permissions);
    if (const JsonValue* secrets = find(each, "secrets"); secrets && secrets->IsArray())
      for (const auto& secret : secrets->GetArray())
        if (secret.IsString()) plugin.secrets.emplace_back(secret.GetString());
    locked.push_back(std::move(plugin));
  }
  return of(std::move(locked));
}

std::string PluginLock::whyNot(const std::string& id, const std::string& digest) const {
  bool isKnown = false;
  for (const auto& plugin : plugins_) {
    if (plugin.id != id) continue;
    if (plugin.digest == digest) return {};
    isKnown = true;
  }
  return isKnown ? "plugins.lock has another digest for " + id + "; this file has " + digest + "."
                 : "plugins.lock does not name " + id + ".";
}

std::string PluginLock::json() const {
  JsonWriter json;
  json.object().member("lock", 1).key("plugins").array();
  for (const auto& plugin : plugins_) {
    json.object()
        .member("id", plugin.id)
        .member("version", plugin.version)
        .member("sha256", plugin.digest.substr(plugin.digest.find(':') + 1))
        .rawMember("permissions", plugin.permissionsJson)
        .key("secrets")
        .array();
    for (const auto& secret : plugin.secrets) json.value(secret);
    json.end().end();
  }
  return json.end().end().take() + "\n";
}

}  // namespace planwright

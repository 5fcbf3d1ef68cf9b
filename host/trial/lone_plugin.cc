#include "trial/lone_plugin.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/files.h"
#include "base/json.h"
#include "stages/program_plugin.h"

namespace planwright {
namespace {

namespace fs = std::filesystem;

/// Does the schema want text, and nothing else, for this setting?
bool isText(const JsonDocument& schema, const std::string& name) {
  const auto* properties = find(schema, "properties");
  const auto* rule = properties ? find(*properties, name) : nullptr;
  return rule && textOr(*rule, "type") == "string";
}

}  // namespace

Result<std::unique_ptr<LonePlugin>> LonePlugin::load(const fs::path& file, Programs& programs,
                                                     const fs::path& below) {
  std::error_code missing;
  if (!fs::is_regular_file(file, missing))
    return notFound(fmt::format("There is no file {}.", file.string()));
  std::unique_ptr<LonePlugin> plugin(new LonePlugin(below));
  const fs::path own = plugin->folder_.path();
  if (isProgram(file)) {
    plugin->plugins_ =
        std::make_unique<Plugins>(PluginOptions{{}, own / "store", own / "work"}, programs);
    plugin->info_ =
        *plugin->plugins_->find("exec:" + fs::absolute(file).lexically_normal().string());
    if (plugin->info_.error.empty()) return plugin;
    return invalid(fmt::format("{}: {}", file.string(), plugin->info_.error));
  }
  fs::create_directory(own / "plugins");
  fs::copy_file(file, own / "plugins" / "plugin.so");
  plugin->plugins_ = std::make_unique<Plugins>(
      PluginOptions{{own / "plugins"}, own / "store", own / "work"}, programs);
  plugin->info_ = plugin->plugins_->all().at(0);
  plugin->info_.file = file.string();
  if (!plugin->info_.error.empty())
    return invalid(fmt::format("{}: {}", file.string(), plugin->info_.error));
  return plugin;
}

bool LonePlugin::provides(std::string_view stage) const {
  return std::find(info_.stages.begin(), info_.stages.end(), stage) != info_.stages.end();
}

Result<std::string> settingsFrom(const std::vector<std::string>& assignments,
                                 std::string_view schemaJson) {
  const auto schema = parseJson(schemaJson);
  if (!schema) return schema.error();
  JsonWriter settings;
  settings.object();
  for (const auto& assignment : assignments) {
    const auto equals = assignment.find('=');
    if (equals == std::string::npos || equals == 0)
      return invalid(fmt::format("\"{}\" is not KEY=VALUE", assignment));
    const std::string name = assignment.substr(0, equals), text = assignment.substr(equals + 1);
    settings.key(name);
    const auto value = parseJson(text);
    if (isText(*schema, name) || !value)
      settings.value(text);
    else
      settings.value(*value);
  }
  return settings.end().take();
}

}  // namespace planwright

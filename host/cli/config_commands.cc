#include <filesystem>

#include "cli/command_groups.h"
#include "cli/output.h"
#include "cli/plugin_files.h"
#include "config/plugin_folders.h"

namespace planwright::cli {
namespace {

ExitCode checkConfig(Session& session, const std::string& file) {
  ReadConfig read = readConfigFile(file, std::filesystem::current_path());
  if (read.ok())
    read.problems = checkStages(read.config, readPluginFiles(pluginFolders(read.config)));
  for (const auto& problem : read.problems) session.terminal.err << problem.text() << '\n';
  if (!read.ok()) return ExitCode::Usage;
  session.terminal.out << file << ": ok, " << read.config.queues.size()
                       << (read.config.queues.size() == 1 ? " queue" : " queues") << '\n';
  return ExitCode::Done;
}

/// "python  string  default \"/usr/bin/python3\"  Interpreter …", one line per setting.
void printSettings(std::ostream& out, const Manifest& manifest) {
  const auto schema = parseJson(manifest.settingsSchemaJson);
  const JsonValue* properties = schema ? find(*schema, "properties") : nullptr;
  if (!properties || !properties->IsObject() || properties->MemberCount() == 0) {
    out << "settings    none\n";
    return;
  }
  const char* title = "settings";
  for (const auto& setting : properties->GetObject()) {
    out << title << std::string(12 - std::string_view(title).size(), ' ')
        << setting.name.GetString() << "  " << valueAt(setting.value, "type");
    if (const JsonValue* fallback = find(setting.value, "default"))
      out << "  default " << toJson(*fallback);
    const std::string about = valueAt(setting.value, "title");
    out << (about == "-" ? "" : "  " + about) << '\n';
    title = "";
  }
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

ExitCode inspect(Session& session, const std::string& file) {
  const PluginFile plugin = readPluginFile(file);
  std::ostream& out = session.terminal.out;
  if (!plugin.error.empty()) throw CommandFailure(ExitCode::Usage, file + ": " + plugin.error);
  const Manifest& manifest = plugin.manifest;
  if (!session.isTable()) {
    out << (session.output == "name" ? manifest.id : manifest.json) << '\n';
    return ExitCode::Done;
  }
  out << manifest.id << ' ' << manifest.version << "   " << joined(manifest.stages) << "   ABI "
      << manifest.abi << "   " << plugin.sizeBytes << " bytes   " << plugin.digest << '\n';
  if (!manifest.description.empty())
    out << "about       " << printable(manifest.description) << '\n';
  printSettings(out, manifest);
  if (!manifest.secrets.empty()) out << "secrets     " << joined(manifest.secrets) << '\n';
  out << "pure        " << (manifest.pure ? "yes: equal inputs give equal plans" : "no") << '\n'
      << "in-process  " << (manifest.inproc ? "allowed" : "refused by the plugin") << '\n';
  return ExitCode::Done;
}

}  // namespace

void addConfigCommands(CLI::App& app, Session& session) {
  CLI::App* check = app.add_subcommand(
      "check-config", "check a configuration file and the settings of its plugins, all of it");
  const auto file = std::make_shared<std::string>();
  check->add_option("FILE", *file, "the YAML file")->required();
  check->callback([&session, file] {
    session.action = [&session, file] { return checkConfig(session, *file); };
  });
  CLI::App* plugin = addGroup(app, "plugin", "look at plugin files");
  CLI::App* inspecting =
      plugin->add_subcommand("inspect", "what a plugin file says of itself; runs none of its code");
  const auto so = std::make_shared<std::string>();
  inspecting->add_option("FILE", *so, "the shared object")->required();
  inspecting->callback(
      [&session, so] { session.action = [&session, so] { return inspect(session, *so); }; });
}

}  // namespace planwright::cli

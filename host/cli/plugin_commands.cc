#include "application/plugin_files.h"
#include "cli/command_groups.h"
#include "cli/output.h"
#include "cli/plugin_groups.h"

namespace planwright::cli {
namespace {

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

/// What is only told to people.
void printOthers(std::ostream& out, const Manifest& manifest) {
  const auto document = parseJson(manifest.json);
  if (!document) return;
  const auto line = [&](const std::string& title, const std::string& text) {
    if (!text.empty())
      out << title << std::string(12 - title.size(), ' ') << printable(text) << '\n';
  };
  line("license", textOr(*document, "license"));
  line("homepage", textOr(*document, "homepage"));
  line("accepts", joined(textsOf(*document, "accepts")));
  if (const JsonValue* asked = find(*document, "permissions")) line("permissions", toJson(*asked));
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
  printOthers(out, manifest);
  printSettings(out, manifest);
  if (!manifest.secrets.empty()) out << "secrets     " << joined(manifest.secrets) << '\n';
  out << "pure        " << (manifest.pure ? "yes: equal inputs give equal plans" : "no") << '\n'
      << "in-process  " << (manifest.inproc ? "allowed" : "refused by the plugin") << '\n';
  return ExitCode::Done;
}

void addInspect(CLI::App& group, Session& session) {
  CLI::App* command =
      group.add_subcommand("inspect", "what a plugin file says of itself; runs none of its code");
  const auto file = std::make_shared<std::string>();
  command->add_option("FILE", *file, "the shared object, or the program")->required();
  command->callback(
      [&session, file] { session.action = [&session, file] { return inspect(session, *file); }; });
}

}  // namespace

void addPluginCommands(CLI::App& app, Session& session) {
  CLI::App* group = addGroup(app, "plugin", "look at plugin files, try them");
  addInspect(*group, session);
  addPluginRunCommand(*group, session);
  addPluginCheckCommand(*group, session);
  addPluginNewCommand(*group, session);
  addPluginStoreCommands(*group, session);
  addPluginReplayCommand(*group, session);
}

}  // namespace planwright::cli

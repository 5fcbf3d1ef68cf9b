#include <filesystem>
#include <memory>

#include "application/plugin_files.h"
#include "base/files.h"
#include "cli/client.h"
#include "cli/command_groups.h"
#include "cli/output.h"
#include "config/units.h"
#include "trial/conformance.h"
#include "trial/new_plugin.h"

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

namespace fs = std::filesystem;

struct NewArguments {
  NewPlugin plugin;
  std::string folder;
};

ExitCode create(Session& session, const NewArguments& arguments) {
  const auto project = projectOf(arguments.plugin);
  if (!project)
    throw CommandFailure(exitCodeOf(project.error().kind), project.error().message,
                         "planwright plugin new --help");
  const fs::path folder =
      arguments.folder.empty() ? projectName(arguments.plugin.id) : arguments.folder;
  if (fs::exists(folder) && !(fs::is_directory(folder) && fs::is_empty(folder)))
    throw CommandFailure(ExitCode::Conflict, folder.string() + " is there already");
  for (const auto& [name, content] : *project) {
    fs::create_directories((folder / name).parent_path());
    replaceFile(folder / name, content);
    if (content.starts_with("#!"))
      fs::permissions(folder / name,
                      fs::perms::owner_exec | fs::perms::group_exec | fs::perms::others_exec,
                      fs::perm_options::add);  // a host confines it as another user
    session.terminal.out << (folder / name).string() << '\n';
  }
  session.terminal.err << "Next: see " << (folder / "README.md").string() << '\n';
  return ExitCode::Done;
}

using Verdict = CheckOutcome::Verdict;

struct CheckArguments {
  std::string file, samples, junit, timeout;
  bool json = false;
  ConformanceOptions options;
};

/// "static    manifest ok  settings-schema ok", a line per group, then every failure with its
/// remedy.
void print(Terminal& terminal, const ConformanceReport& report) {
  constexpr std::size_t kGroupWidth = 10;
  std::string group;
  for (const auto& result : report.results) {
    if (result.group != group)
      terminal.out << (group.empty() ? "" : "\n") << result.group
                   << std::string(kGroupWidth - result.group.size(), ' ');
    group = result.group;
    constexpr const char* kWords[] = {"ok", "FAIL", "skipped"};
    terminal.out << result.name << ' ' << kWords[static_cast<int>(result.outcome.verdict)] << "  ";
  }
  terminal.out << "\n\n";
  std::string said;  // all that wait for one gate say the same
  for (const auto& result : report.results) {
    if (result.outcome.verdict == Verdict::Passed || result.outcome.message == said) continue;
    said = result.outcome.message;
    const bool hasFailed = result.outcome.verdict == Verdict::Failed;
    terminal.out << terminal.status(hasFailed ? "failed" : "skipped") << ' ' << result.name << ": "
                 << printable(result.outcome.message) << '\n';
    if (hasFailed) terminal.out << "       " << result.remedy << '\n';
  }
  terminal.out << (report.id.empty() ? "the file" : report.id + " " + report.version) << ": "
               << report.count(Verdict::Passed) << " passed, " << report.count(Verdict::Failed)
               << " failed, " << report.count(Verdict::Skipped) << " skipped\n";
}

ExitCode check(Session& session, CheckArguments& arguments) {
  arguments.options.samples = arguments.samples;
  if (!arguments.timeout.empty()) {
    const auto time = parseDuration(arguments.timeout);
    if (!time) throw CommandFailure(ExitCode::Usage, "--timeout: " + time.error().message);
    arguments.options.timeout = *time;
  }
  const auto report = checkPlugin(arguments.file, arguments.options);
  if (!report)
    throw CommandFailure(exitCodeOf(report.error().kind), report.error().message,
                         "planwright plugin check --help");
  if (!arguments.junit.empty()) replaceFile(arguments.junit, report->junit());
  if (arguments.json || session.output == "json")
    session.terminal.out << report->json() << '\n';
  else
    print(session.terminal, *report);
  return report->passed() ? ExitCode::Done : ExitCode::WorkFailed;
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

void addPluginNewCommand(CLI::App& group, Session& session) {
  CLI::App* command = group.add_subcommand(
      "new", "a complete small project: code, build file, test, samples, README");
  const auto arguments = std::make_shared<NewArguments>();
  command->add_option("ID", arguments->plugin.id, "such as org.acme.conda")->required();
  command->add_option("--stage", arguments->plugin.stage, "planner, builder or source")
      ->required()
      ->check(CLI::IsMember({"planner", "builder", "source"}));
  command->add_option("--lang", arguments->plugin.language, "cpp (default), c, rust or python")
      ->default_val("cpp")
      ->check(CLI::IsMember({"cpp", "c", "rust", "python"}));
  command->add_option("--dir", arguments->folder, "a new folder; default the last part of ID");
  command->callback([&session, arguments] {
    session.action = [&session, arguments] { return create(session, *arguments); };
  });
}

void addPluginCheckCommand(CLI::App& group, Session& session) {
  CLI::App* command = group.add_subcommand(
      "check", "try whether a plugin keeps its promises; each check runs it in a child process");
  const auto arguments = std::make_shared<CheckArguments>();
  command->add_option("FILE", arguments->file, "the shared object, or a program")->required();
  command->add_option("--input", arguments->samples, "a folder of inputs that it must take");
  command->add_option("--set", arguments->options.settings, "KEY=VALUE, a setting");
  command->add_option("--only", arguments->options.only, "a check or group; may stand many times");
  command->add_option("--timeout", arguments->timeout, "of one check; default 30s");
  command->add_flag("--json", arguments->json, "the report as JSON");
  command->add_option("--junit", arguments->junit, "write the report there, as JUnit XML");
  command->callback([&session, arguments] {
    session.action = [&session, arguments] { return check(session, *arguments); };
  });
}

}  // namespace planwright::cli

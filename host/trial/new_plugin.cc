#include "trial/new_plugin.h"

#include <cctype>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/embedded_files.h"

namespace planwright {
namespace {

constexpr std::string_view kTemplates = "sdk/templates/";

using Words = std::vector<std::pair<std::string, std::string>>;

std::string replaced(std::string text, const Words& words) {
  for (const auto& [mark, word] : words)
    for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at + word.size()))
      text.replace(at, mark.size(), word);
  return text;
}

/// At least two parts, as in the manifest's schema.
bool isId(const std::string& id) {
  if (id.size() > 100 || id.find('.') == std::string::npos) return false;
  char before = '.';
  for (const char c : id) {
    const bool isWord = std::islower(static_cast<unsigned char>(c)) || std::isdigit(c);
    if (!isWord && c != '-' && c != '_' && c != '.') return false;
    if (!isWord && before == '.') return false;
    before = c;
  }
  return before != '.';
}

/// "my_conda" -> "MyConda"
std::string camelCase(const std::string& name) {
  std::string out;
  bool isFirst = true;
  for (const char c : name) {
    if (c != '_') out += static_cast<char>(isFirst ? std::toupper(c) : c);
    isFirst = c == '_';
  }
  return out;
}

std::string howToRun(const NewPlugin& plugin, const std::string& name) {
  const std::string file = plugin.language == "python" ? name + ".py" : "build/" + name + ".so";
  const std::string run = fmt::format("planwright plugin run {}", file);
  if (plugin.stage == "planner") return run + " samples/names.txt";
  return plugin.stage == "builder" ? run + " samples/job.json" : run;
}

/// The name in the project of a file of the templates, or empty: another stage's or language's.
/// What all languages share stands below any/, which sorts first: a language's own file takes its
/// place.
std::string placeOf(std::string_view file, const NewPlugin& plugin) {
  const bool isPython = plugin.language == "python";
  if (isPython && file == "sdk/python/planwright.py") return "planwright.py";
  if (!file.starts_with(kTemplates)) return {};
  if (isPython && file.ends_with(".cc")) return {};  // a test that a compiler wants
  file.remove_prefix(kTemplates.size());
  if (file == "README.md") return std::string(file);
  const std::string language = plugin.language + "/";
  for (const std::string& stage : {"any/" + plugin.stage + "/", language + plugin.stage + "/"})
    if (file.starts_with(stage)) return std::string(file.substr(stage.size()));
  if (!file.starts_with(language)) return {};
  file.remove_prefix(language.size());  // of every stage, such as CMakeLists.txt
  return file.find('/') == file.npos ? std::string(file) : std::string();
}

}  // namespace

std::string projectName(const std::string& id) {
  std::string name = id.substr(id.rfind('.') + 1);
  for (char& c : name)
    if (c == '-') c = '_';
  return !name.empty() && std::isdigit(static_cast<unsigned char>(name[0])) ? "plugin_" + name
                                                                            : name;
}

Result<std::map<std::string, std::string>> projectOf(const NewPlugin& plugin) {
  if (!isId(plugin.id))
    return invalid(fmt::format(
        "\"{}\" is no id; take small letters in at least two parts, such as org.acme.conda",
        plugin.id));
  const std::string name = projectName(plugin.id);
  const bool isPython = plugin.language == "python";
  std::map<std::string, std::string> found;
  std::string source;
  for (const auto& [file, content] : embeddedFiles()) {
    const std::string place = placeOf(file, plugin);
    if (place.empty()) continue;
    found[place] = content;
    if (place.starts_with("plugin.") && place != "plugin.json") source = place.substr(6);
  }
  if (source.empty())
    return invalid(
        fmt::format("There is no template for a {} in {}.", plugin.stage, plugin.language));
  const Words words = {{"@ID@", plugin.id},
                       {"@NAME@", name},
                       {"@STAGE@", plugin.stage},
                       {"@CLASS@", camelCase(name + "_" + plugin.stage)},
                       {"@SOURCE@", name + source},
                       {"@SAMPLES@", plugin.stage == "source" ? "" : " SAMPLES samples"},
                       {"@CHECK@", plugin.stage == "source" ? "" : " --input samples"},
                       {"@RUN@", howToRun(plugin, name)}};
  std::map<std::string, std::string> project;
  for (const auto& [place, content] : found) {
    const bool isManifest = place == "plugin.json";
    const bool isNamed = !isManifest && place.starts_with("plugin");
    const std::string target = isManifest && isPython ? name + ".py.json"
                               : isNamed              ? name + place.substr(6)
                                                      : place;
    project[target] = replaced(content, words);
  }
  return project;
}

}  // namespace planwright

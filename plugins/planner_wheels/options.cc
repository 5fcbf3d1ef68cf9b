#include "options.h"

#include <algorithm>

#include <unistd.h>

#include "pip_report.h"

namespace wheels {
namespace {

/// Where the host's programs and jobs look for a name without a slash.
constexpr const char* kFolders[] = {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
                                    "/usr/bin",        "/sbin",          "/bin"};

bool isProgram(const std::string& name) {
  const auto paths = pathsOfProgram(name);
  return std::any_of(paths.begin(), paths.end(),
                     [](const std::string& path) { return ::access(path.c_str(), X_OK) == 0; });
}

std::vector<std::string> pythonsOf(const pw::Settings& settings) {
  std::vector<std::string> pythons = settings.list("python");
  if (pythons.empty()) pythons.push_back(settings.text("python", "/usr/bin/python3"));
  for (const auto& python : pythons)
    if (!isProgram(python))
      pw::badSetting("the setting python names " + python + ", which is not on this machine");
  return pythons;
}

}  // namespace

std::vector<std::string> pathsOfProgram(const std::string& name) {
  if (name.find('/') != std::string::npos) return {name};
  std::vector<std::string> out;
  for (const char* folder : kFolders) out.push_back(std::string(folder) + "/" + name);
  return out;
}

Options::Options(const pw::Settings& settings)
    : pythons(pythonsOf(settings)),
      findLinks(settings.list("find_links")),
      indexUrl(settings.text("index_url")),
      noIndex(settings.flag("no_index", false)),
      buildIsolation(settings.flag("build_isolation", true)),
      buildRequirements(settings.list("build_requirements")),
      constraints(settings.list("constraints")),
      constraintsFiles(settings.list("constraints_files")) {
  for (auto& kind : settings.list("allow")) allowed.insert(std::move(kind));
  if (noIndex && findLinks.empty())
    pw::badSetting("no_index leaves nowhere to look: give find_links");
  for (const auto& place : findLinks)
    if (place.front() != '/' && place.find("://") == std::string::npos)
      pw::badSetting("find_links holds \"" + place +
                     "\", which is neither an absolute path nor a URL");
  for (const auto& file : constraintsFiles)
    if (::access(file.c_str(), R_OK) != 0)
      pw::badSetting("constraints_files names " + file + ", which cannot be read");
}

std::vector<std::string> Options::folders() const {
  std::vector<std::string> out;
  for (const auto& place : findLinks) {
    const std::string path = place.starts_with('/') ? place : pathOfFileUrl(place);
    if (!path.empty()) out.push_back(path);
  }
  return out;
}

std::string Options::shownIndex() const {
  if (noIndex) return "none";
  if (indexUrl.empty()) return "default";
  const auto scheme = indexUrl.find("://");
  if (scheme == std::string::npos || indexUrl.starts_with("file:")) return {};
  const auto host = scheme + 3;
  const auto at = indexUrl.substr(0, indexUrl.find('/', host)).rfind('@');
  return at == std::string::npos ? indexUrl : indexUrl.substr(0, host) + indexUrl.substr(at + 1);
}

}  // namespace wheels

#include "build_archives.h"

#include <algorithm>
#include <cstdlib>

namespace wheels {
namespace {

const Project* find(const std::vector<Project>& projects, const char* name) {
  const auto at = std::find_if(projects.begin(), projects.end(),
                               [&](const Project& project) { return project.name == name; });
  return at == projects.end() ? nullptr : &*at;
}

/// Before 70.1 setuptools asks for `wheel` only when it runs, not in pyproject.toml.
bool asksForWheel(const std::vector<Project>& projects) {
  const Project* setuptools = find(projects, "setuptools");
  if (!setuptools || find(projects, "wheel")) return false;
  char* rest = nullptr;
  const long major = std::strtol(setuptools->version.c_str(), &rest, 10);
  const long minor = *rest == '.' ? std::strtol(rest + 1, nullptr, 10) : 0;
  return major < 70 || (major == 70 && minor < 1);
}

}  // namespace

std::optional<BuildInputs> BuildArchives::forSource(const std::string& source) {
  BuildInputs out;
  std::vector<std::pair<std::string, std::string>> sources = {{{}, source}};  // file name, path
  while (!sources.empty()) {
    const auto [name, path] = sources.back();
    sources.pop_back();
    auto& environment = name.empty() ? out.environment : out.environments[name];
    for (const auto& project : resolve(archives_.needsOf(path))) {
      const std::string archive = pathOfFileUrl(project.url);
      if (archive.empty() || !project.vcs.empty() || project.isFolder) return std::nullopt;
      const std::string file = fileNameOfUrl(project.url);
      environment.push_back(file);
      if (out.archives.emplace(file, archive).second && !isWheel(file))
        sources.emplace_back(file, archive);
    }
  }
  return out;
}

const std::vector<Project>& BuildArchives::resolve(const BuildNeeds& needs) {
  if (const auto known = resolved_.find(needs); known != resolved_.end()) return known->second;
  auto& projects = resolved_[needs];
  if (needs.requirements.empty()) return projects;
  // A back end that is a source and needs nothing, as flit_core: others would ask for more builds.
  const auto ofBackEnd = [this](const std::string& path) {
    return archives_.needsOf(path).requirements.empty() ? forSource(path) : std::nullopt;
  };
  projects = parseReport(pip_.resolveLines(needs.requirements, ofBackEnd)).projects;
  if (needs.usesSetuptools && asksForWheel(projects)) {
    std::vector<std::string> more = needs.requirements;
    more.emplace_back("wheel");
    projects = parseReport(pip_.resolveLines(more, ofBackEnd)).projects;
  }
  return projects;
}

}  // namespace wheels

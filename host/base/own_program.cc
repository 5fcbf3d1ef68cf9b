#include "base/own_program.h"

#include <unistd.h>

namespace planwright {
namespace {

std::filesystem::path ownFolder() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}

}  // namespace

std::filesystem::path programBesides(std::string_view name) {
  for (const auto& folder : {ownFolder(), ownFolder().parent_path() / "lib/planwright"})
    if (auto file = folder / name; ::access(file.c_str(), X_OK) == 0) return file;
  return {};
}

std::vector<std::string> ownProgram(std::string_view name) {
  const auto worker = programBesides("planwright-worker");
  return {worker.empty() ? "/proc/self/exe" : worker.string(), std::string(name)};
}

std::vector<std::filesystem::path> bundledPluginFolders() {
  return {ownFolder() / "plugins", ownFolder().parent_path() / "lib/planwright/plugins"};
}

}  // namespace planwright

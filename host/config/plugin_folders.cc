#include "config/plugin_folders.h"

namespace planwright {

std::vector<std::filesystem::path> pluginFolders(const Config& config) {
  const auto program = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  std::vector<std::filesystem::path> folders{
      program / "plugins", program.parent_path() / "lib" / "planwright" / "plugins"};
  folders.insert(folders.end(), config.plugins.path.begin(), config.plugins.path.end());
  return folders;
}

}  // namespace planwright

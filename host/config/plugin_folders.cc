#include "config/plugin_folders.h"

namespace planwright {

std::vector<std::filesystem::path> bundledPluginFolders() {
  const auto program = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  return {program / "plugins", program.parent_path() / "lib" / "planwright" / "plugins"};
}

std::vector<std::filesystem::path> pluginFolders(const Config& config) {
  auto folders = bundledPluginFolders();
  folders.insert(folders.end(), config.plugins.path.begin(), config.plugins.path.end());
  return folders;
}

}  // namespace planwright

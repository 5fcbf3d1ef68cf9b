#include "base/own_program.h"

#include <unistd.h>

namespace planwright {

std::filesystem::path programBesides(std::string_view name) {
  const auto self = std::filesystem::read_symlink("/proc/self/exe");
  for (const auto& folder :
       {self.parent_path(), self.parent_path().parent_path() / "lib/planwright"})
    if (auto file = folder / name; ::access(file.c_str(), X_OK) == 0) return file;
  return {};
}

std::vector<std::string> ownProgram(std::string_view name) {
  const auto worker = programBesides("planwright-worker");
  return {worker.empty() ? "/proc/self/exe" : worker.string(), std::string(name)};
}

}  // namespace planwright

#include "base/closed_paths.h"

#include <fmt/format.h>
#include <sys/stat.h>

namespace planwright {

std::string whyClosedToOthers(const std::filesystem::path& path) {
  std::filesystem::path at;
  for (const auto& part : path.lexically_normal()) {
    at /= part;
    struct stat info {};
    if (::stat(at.c_str(), &info) != 0) return {};
    const bool isLast = at == path.lexically_normal();
    const mode_t pass = S_ISDIR(info.st_mode) ? S_IXOTH : 0;
    const mode_t needed = isLast ? pass | S_IROTH : pass;
    if ((info.st_mode & needed) == needed) continue;
    const char* rights = needed == S_IXOTH ? "x" : pass == 0 ? "r" : "rx";
    return fmt::format("{} is closed to other users; run chmod o+{} {}, or put it elsewhere",
                       at.string(), rights, at.string());
  }
  return {};
}

}  // namespace planwright

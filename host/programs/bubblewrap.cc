#include "programs/bubblewrap.h"

#include <filesystem>
#include <initializer_list>
#include <system_error>

namespace planwright {
namespace {

namespace fs = std::filesystem;

/// /bin and its like are links into /usr on most systems, and must be that inside.
void addReadable(std::vector<std::string>& words, const std::string& path) {
  std::error_code error;
  const bool isTop = fs::path(path).parent_path() == "/";
  if (isTop && fs::is_symlink(path, error))
    words.insert(words.end(), {"--symlink", fs::read_symlink(path, error).string(), path});
  else
    words.insert(words.end(), {"--ro-bind-try", path, path});
}

}  // namespace

std::vector<std::string> bubblewrapWords(const std::string& bwrap, const BubblewrapView& view) {
  std::vector<std::string> words{bwrap};
  const auto add = [&words](std::initializer_list<std::string> more) {
    words.insert(words.end(), more);
  };
  // The user inside is "nobody" whoever it is outside, so that it has a name.
  add({"--unshare-user", "--uid", "65534", "--gid", "65534", "--disable-userns"});
  add({"--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"});
  if (!view.network) add({"--unshare-net"});
  add({"--die-with-parent", "--hostname", "build"});
  add({"--proc", "/proc", "--dev", "/dev"});
  add({"--size", std::to_string(view.sharedBytes), "--tmpfs", "/dev/shm", "--remount-ro", "/dev"});
  add({"--bind", view.writable.back(), "/tmp", "--symlink", "../tmp", "/var/tmp"});
  for (const auto& path : view.readable) addReadable(words, path);  // perhaps below /tmp
  for (const auto& folder : view.writable) add({"--bind", folder, folder});
  add({"--remount-ro", "/", "--chdir", view.cwd});
  if (view.hasFilter) add({"--seccomp", "3"});
  add({"--"});
  return words;
}

}  // namespace planwright

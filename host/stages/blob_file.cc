#include "stages/blob_file.h"

#include <algorithm>
#include <array>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

namespace planwright {
namespace {

/// File systems whose regular files are answers of the kernel, and may wait for one.
constexpr std::array<long, 6> kOfTheKernel{PROC_SUPER_MAGIC,   SYSFS_MAGIC,
                                           DEBUGFS_MAGIC,      TRACEFS_MAGIC,
                                           CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC};

const char* nameOf(mode_t mode) {
  if (S_ISFIFO(mode)) return "a fifo or a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISCHR(mode) || S_ISBLK(mode)) return "a device";
  if (S_ISLNK(mode)) return "a symbolic link";
  return "no file";
}

Error notABlob(const char* what) {
  return invalid(fmt::format(
      "a blob comes as the descriptor of a regular file that is open for reading; this is {}",
      what));
}

}  // namespace

Result<void> checkBlobFile(int fd) {
  struct stat info {};
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fstat(fd, &info) != 0) return notABlob("no open descriptor");
  if (!S_ISREG(info.st_mode)) return notABlob(nameOf(info.st_mode));
  if ((flags & O_PATH) != 0 || (flags & O_ACCMODE) == O_WRONLY)
    return notABlob("one that cannot be read from");
  struct statfs place {};
  if (::fstatfs(fd, &place) == 0 &&
      std::find(kOfTheKernel.begin(), kOfTheKernel.end(), place.f_type) != kOfTheKernel.end())
    return notABlob("a file of the kernel, such as those in /proc");
  return {};
}

}  // namespace planwright

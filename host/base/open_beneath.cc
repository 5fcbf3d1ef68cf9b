#include "base/open_beneath.h"

#include <cerrno>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace planwright {

UniqueFd openBeneath(int folder, const std::string& name, int flags, Links links) {
  struct open_how how {};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  if (links == Links::Refuse) how.resolve |= RESOLVE_NO_SYMLINKS;
  for (int tries = 0;; ++tries) {
    const long fd = ::syscall(SYS_openat2, folder, name.c_str(), &how, sizeof how);
    // EAGAIN: a rename or mount elsewhere at the same moment (openat2(2)).
    if (fd >= 0 || errno != EAGAIN || tries == 100) return UniqueFd(static_cast<int>(fd));
  }
}

}  // namespace planwright

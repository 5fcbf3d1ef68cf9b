#include "base/open_files.h"

#include <atomic>

#include <sys/resource.h>

namespace planwright {
namespace {

std::atomic<std::uint64_t> before{0};

}  // namespace

void raiseOpenFileLimit() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == files.rlim_max) return;
  before = files.rlim_cur;
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
}

std::uint64_t openFileLimitOfPrograms() {
  if (before > 0) return before;
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  return files.rlim_cur;
}

}  // namespace planwright

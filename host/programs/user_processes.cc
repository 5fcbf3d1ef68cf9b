#include "programs/user_processes.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <string>
#include <thread>

#include <fcntl.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/unique_fd.h"
#include "programs/keeper_tags.h"

namespace planwright {
namespace {

constexpr std::chrono::milliseconds kDying(5);
constexpr std::chrono::seconds kLongestDeath(10);

/// An id that nobody has: one of those behind the users of programs and before "nobody", which are
/// for no use. 0 = each is an account here.
std::uint32_t idOfNobodyAtAll() {
  constexpr std::uint32_t kNobody = 65534;
  std::uint32_t id = kFirstUser + kUserCount;
  while (id < kNobody && isAccount(id)) ++id;
  return id < kNobody ? id : 0;
}

/// With a right to signal others than its own, kill(-1) would end the machine.
bool dropCapabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  return ::syscall(SYS_capset, &header, none) == 0;
}

/// Only the effective id is the user's: so we may signal it, and it may not signal us. Raw calls:
/// libc would change the ids of all threads of the process whose memory we share.
[[noreturn, gnu::noinline]] void killAs(long user, long nobody) {
  if (::syscall(SYS_setresuid, nobody, user, nobody) == 0 && dropCapabilities() &&
      ::syscall(SYS_geteuid) == user)
    ::kill(-1, SIGKILL);
  ::_exit(0);
}

}  // namespace

bool isAccount(std::uint32_t user) {
  passwd entry{}, *found = nullptr;
  char buffer[4096];
  return ::getpwuid_r(user, &entry, buffer, sizeof buffer, &found) == 0 && found != nullptr;
}

std::uint32_t userOf(pid_t pid) {
  const std::string place = "/proc/" + std::to_string(pid);
  struct stat info {};
  if (::stat(place.c_str(), &info) == 0 && info.st_uid != 0) return info.st_uid;
  char text[1024];  // it is root's, or it does not let anybody look into it
  const UniqueFd fd(::open((place + "/status").c_str(), O_RDONLY | O_CLOEXEC));
  const ssize_t size = fd ? ::read(fd.get(), text, sizeof text - 1) : -1;
  if (size <= 0) return 0;
  text[size] = '\0';
  const char* line = std::strstr(text, "\nUid:");
  return line ? static_cast<std::uint32_t>(std::strtoul(line + 5, nullptr, 10)) : 0;
}

std::vector<pid_t> processesOf(const std::vector<pid_t>& candidates, std::uint32_t user) {
  std::vector<pid_t> found;
  std::copy_if(candidates.begin(), candidates.end(), std::back_inserter(found),
               [user](pid_t pid) { return userOf(pid) == user && isLiving(pid); });
  return found;
}

void killUser(std::uint32_t user) {
  static const std::uint32_t nobody = idOfNobodyAtAll();  // what runs as this ends, too
  if (::geteuid() != 0 || !isOfPrograms(user) || nobody == 0) return;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  const pid_t child = ::fork();
#else
  const pid_t child = ::vfork();
#endif
  if (child == 0) killAs(static_cast<long>(user), static_cast<long>(nobody));
  while (child > 0 && ::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void endUser(std::uint32_t user) {
  const auto giveUp = std::chrono::steady_clock::now() + kLongestDeath;
  for (;;) {
    killUser(user);
    if (processesOf(allProcesses(), user).empty() || std::chrono::steady_clock::now() > giveUp)
      return;
    std::this_thread::sleep_for(kDying);  // they are dying, and not our children
  }
}

}  // namespace planwright

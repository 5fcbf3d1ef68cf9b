#include "programs/keeper_tags.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <unistd.h>

#include "base/open_folder.h"

namespace planwright {
namespace {

/// A file of /proc in one read; empty if the process is gone.
std::string_view readProc(pid_t pid, const char* name, char* buffer, std::size_t size) {
  char path[48];
  std::snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
  const UniqueFd fd(::open(path, O_RDONLY | O_CLOEXEC));
  const ssize_t n = fd ? ::read(fd.get(), buffer, size) : -1;
  return n > 0 ? std::string_view(buffer, static_cast<std::size_t>(n)) : std::string_view();
}

/// proc(5): "pid (name) state ppid ..."; the name may hold anything.
bool readStat(pid_t pid, char& state, pid_t& parent) {
  char buffer[512];
  const std::string_view text = readProc(pid, "stat", buffer, sizeof buffer - 1);
  const std::size_t name = text.rfind(')');
  if (name == std::string_view::npos) return false;
  buffer[text.size()] = '\0';
  return std::sscanf(buffer + name + 1, " %c %d", &state, &parent) == 2;
}

bool readTag(pid_t pid, RunTag& tag) {
  char buffer[4096];
  const std::string_view text = readProc(pid, "limits", buffer, sizeof buffer - 1);
  constexpr std::string_view kLine = "Max realtime timeout";
  const std::size_t at = text.find(kLine);
  if (at == std::string_view::npos) return false;
  buffer[text.size()] = '\0';
  return RunTag::read(std::strtoull(buffer + at + kLine.size(), nullptr, 10),
                      tag);  // "unlimited" gives 0
}

/// Threads of the kernel are in session 0. So is a process whose session began outside this pid
/// namespace, or that was started by an init without one; but that one has a program.
bool isOfTheKernel(pid_t pid) {
  if (::getsid(pid) > 0) return false;
  char path[48];
  std::snprintf(path, sizeof path, "/proc/%d/exe", pid);
  char target = 0;
  return ::readlink(path, &target, 1) < 0;
}

}  // namespace

bool RunTag::read(std::uint64_t limit, RunTag& tag) {
  if (limit >> 62 != 1) return false;
  tag.value_ = limit;
  return true;
}

std::uint32_t familyOf(const struct stat& lock) {
  const std::uint64_t seed =
      (lock.st_ino * 0x9E3779B97F4A7C15U) ^ (lock.st_dev * 0xC2B2AE3D27D4EB4FU);
  return static_cast<std::uint32_t>(seed >> 32) & RunTag::kFamilyMask;
}

std::vector<TaggedProcess> taggedAmong(const std::vector<pid_t>& candidates, std::uint32_t family) {
  std::vector<TaggedProcess> found;
  for (const pid_t pid : candidates) {
    RunTag tag(0, 0);
    if (!readTag(pid, tag) || tag.family() != (family & RunTag::kFamilyMask)) continue;
    if (isLiving(pid)) found.push_back({pid, tag});
  }
  return found;
}

std::vector<pid_t> allProcesses() {
  std::vector<pid_t> pids;
  const OpenFolder proc(::opendir("/proc"));
  while (const dirent* entry = nextEntry(proc)) {
    const int pid = std::atoi(entry->d_name);
    if (pid > 0 && !isOfTheKernel(pid)) pids.push_back(pid);  // those are hundreds, and never ours
  }
  return pids;
}

bool isLiving(pid_t pid) {
  char state = 0;
  pid_t parent = 0;
  return readStat(pid, state, parent) && state != 'Z' && state != 'X';
}

std::vector<pid_t> childrenAmong(const std::vector<pid_t>& candidates) {
  std::vector<pid_t> children;
  std::copy_if(candidates.begin(), candidates.end(), std::back_inserter(children),
               [self = ::getpid()](pid_t pid) {
                 char state = 0;
                 pid_t parent = 0;
                 return readStat(pid, state, parent) && parent == self;
               });
  return children;
}

std::vector<pid_t> killAll(const std::function<std::vector<pid_t>()>& find) {
  constexpr int kMostLooks = 50;
  std::vector<pid_t> found = find();
  std::size_t before = 0;
  for (int i = 0; i < kMostLooks && found.size() > before; ++i) {
    for (const pid_t pid : found) ::kill(pid, SIGSTOP);
    before = found.size();
    found = find();
  }
  for (const pid_t pid : found) ::kill(pid, SIGKILL);
  return found;
}

LastPid::LastPid() : fd_(::open("/proc/loadavg", O_RDONLY | O_CLOEXEC)) {}
LastPid::~LastPid() {
  if (fd_ >= 0) ::close(fd_);
}

pid_t LastPid::read() const {
  char buffer[128];
  const ssize_t n = ::pread(fd_, buffer, sizeof buffer - 1, 0);
  if (n <= 0) return 0;
  buffer[n] = '\0';
  const char* last = std::string_view(buffer).find_last_of(' ') == std::string_view::npos
                         ? "0"
                         : buffer + std::string_view(buffer).find_last_of(' ') + 1;
  return std::atoi(last);
}

}  // namespace planwright

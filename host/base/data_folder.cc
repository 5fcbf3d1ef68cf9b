#include "base/data_folder.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/files.h"
#include "base/log.h"

namespace planwright {
namespace {

namespace fs = std::filesystem;

std::string reason() {
  return std::generic_category().message(errno);
}

/// When the process started, in clock ticks since boot; empty if there is no such process. Together
/// with the pid it names one process for ever, although pids are used again.
std::string startTimeOf(const std::string& pid) {
  std::string stat;
  try {
    stat = readFile("/proc/" + pid + "/stat");
  } catch (const std::system_error&) {
    return {};
  }
  std::size_t at = stat.rfind(')');  // the name before it may hold spaces and parentheses
  if (at == std::string::npos) return {};
  constexpr int kFieldsAfterName = 20;  // proc(5): starttime is field 22, the name is field 2
  for (int i = 0; i < kFieldsAfterName && at != std::string::npos; ++i) at = stat.find(' ', at + 1);
  if (at == std::string::npos) return {};
  return stat.substr(at + 1, stat.find(' ', at + 1) - at - 1);
}

struct Owner {
  std::string pid;
  std::string startTime;
  bool isAlive() const { return !pid.empty() && startTimeOf(pid) == startTime; }
};

Owner readOwner(int fd) {
  char text[64] = {};
  if (::pread(fd, text, sizeof text - 1, 0) <= 0) return {};
  char pid[32] = {};
  char startTime[32] = {};
  if (std::sscanf(text, "%31[0-9] %31[0-9]", pid, startTime) != 2) return {};
  return {pid, startTime};
}

void writeOwner(int fd) {
  const std::string pid = std::to_string(::getpid());
  const std::string text = pid + " " + startTimeOf(pid) + "\n";
  if (::ftruncate(fd, 0) != 0 || ::pwrite(fd, text.data(), text.size(), 0) < 0)
    throw std::system_error(errno, std::generic_category(), "cannot write the lock file");
}

Result<void> takeLock(int fd, const fs::path& path, std::chrono::milliseconds wait) {
  const auto giveUp = std::chrono::steady_clock::now() + wait;
  bool isSaid = false;
  while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR)
      return invalid("cannot lock " + path.string() + "/lock: " + reason());
    const Owner owner = readOwner(fd);
    if (owner.isAlive())
      return conflict("the data folder " + path.string() +
                          " is in use by another planwright (pid " + owner.pid +
                          "); stop that one or choose another folder with --data",
                      "data-folder-in-use");
    if (std::chrono::steady_clock::now() >= giveUp)
      return conflict("the data folder " + path.string() +
                          " is still held by what an earlier planwright (pid " + owner.pid +
                          ") left running; see `fuser " + path.string() + "/lock`",
                      "data-folder-in-use");
    if (!std::exchange(isSaid, true))
      log::info("waiting for what an earlier planwright (pid {}) left running in {}", owner.pid,
                path.string());
    std::this_thread::sleep_for(std::chrono::milliseconds(20));  // flock has no wait with a limit
  }
  return {};
}

std::string randomUuid() {
  unsigned char b[16];
  if (::getrandom(b, sizeof b, 0) != static_cast<ssize_t>(sizeof b))
    throw std::system_error(errno, std::generic_category(), "getrandom");
  b[6] = static_cast<unsigned char>((b[6] & 0x0f) | 0x40);  // RFC 4122: version 4
  b[8] = static_cast<unsigned char>((b[8] & 0x3f) | 0x80);
  char text[37];
  std::snprintf(text, sizeof text,
                "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
                b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
                b[15]);
  return text;
}

std::string readOrMakeId(const fs::path& path) {
  const fs::path file = path / "id";
  if (!fs::exists(file)) replaceFile(file, randomUuid() + "\n", 0600);
  ::chmod(file.c_str(), 0600);  // an earlier version made it for all
  std::string id = readFile(file, 1024);
  while (!id.empty() && id.back() == '\n') id.pop_back();
  return id;
}

}  // namespace

Result<DataFolder> DataFolder::open(const fs::path& path, std::chrono::milliseconds wait) {
  std::error_code error;
  const fs::path folder = fs::absolute(path);
  fs::create_directories(folder, error);
  if (error)
    return invalid("cannot make the data folder " + folder.string() + ": " + error.message());
  if (::chmod(folder.c_str(), 0711) != 0)
    return invalid("the data folder " + folder.string() + " is not ours: " + reason());

  UniqueFd lock(::open((folder / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock) return invalid("cannot open " + (folder / "lock").string() + ": " + reason());
  const Result<void> taken = takeLock(lock.get(), folder, wait);
  if (!taken) return taken.error();
  writeOwner(lock.get());
  std::string id = readOrMakeId(folder);
  return DataFolder(folder, std::move(lock), std::move(id));
}

void DataFolder::writeUrl(std::string_view url) const {
  replaceFile(path_ / "planwright.url", std::string(url) + "\n", 0600);
}

void DataFolder::removeUrl() const {
  std::error_code ignored;
  fs::remove(path_ / "planwright.url", ignored);
}

}  // namespace planwright

#include "programs/user_table.h"

#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "programs/user_processes.h"

namespace planwright {

UserTable::UserTable(const std::filesystem::path& file, std::filesystem::path services) {
  if (::geteuid() != 0) return;
  std::error_code error;
  if (std::filesystem::is_directory(services.parent_path() / "system", error)) {
    ::mkdir(services.c_str(), 0755);
    if (::access(services.c_str(), W_OK) == 0) services_ = std::move(services);
  }
  std::filesystem::create_directories(file.parent_path(), error);
  file_.reset(::open(file.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
}

/// Of the open file, so that it counts between threads as well, and ends with the last copy.
bool UserTable::lock(std::uint32_t id, short how) const {
  struct flock range {};
  range.l_type = how;
  range.l_whence = SEEK_SET;
  range.l_start = static_cast<off_t>(id);
  range.l_len = 1;
  return ::fcntl(file_.get(), F_OFD_SETLK, &range) == 0;
}

/// As systemd does it (pick_uid() in src/core/dynamic-user.c). Without nss-systemd its services
/// have no account.
std::optional<UserTable::Taken> UserTable::takeFromOthers(std::uint32_t id) const {
  Taken taken;
  if (services_.empty()) return isAccount(id) ? std::nullopt : std::optional(std::move(taken));
  const auto place = placeOf(id);
  taken.reset(::open(place.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  struct stat info {};
  if (!taken || ::flock(taken.get(), LOCK_EX | LOCK_NB) != 0) return std::nullopt;
  if (::fstat(taken.get(), &info) != 0 || info.st_nlink == 0) return std::nullopt;  // given back
  if (!isAccount(id)) return taken;
  ::unlink(place.c_str());
  return std::nullopt;
}

std::optional<UserTable::Taken> UserTable::take(std::uint32_t id) const {
  auto taken = takeFromOthers(id);
  if (!taken || !file_ || note(id)) return taken;
  if (*taken) ::unlink(placeOf(id).c_str());
  return std::nullopt;
}

void UserTable::giveBack(std::uint32_t id, Taken taken) const {
  forget(id);
  if (taken) ::unlink(placeOf(id).c_str());  // before its lock goes
}

bool UserTable::note(std::uint32_t id) const {
  if (!lock(id, F_WRLCK)) return false;
  char taken = 0;
  const bool isLeft = ::pread(file_.get(), &taken, 1, static_cast<off_t>(id)) == 1 && taken != 0;
  taken = 1;
  if (!isLeft && ::pwrite(file_.get(), &taken, 1, static_cast<off_t>(id)) == 1) return true;
  lock(id, F_UNLCK);
  return false;
}

void UserTable::forget(std::uint32_t id) const {
  if (!file_) return;
  const char nobody = 0;
  [[maybe_unused]] const ssize_t n = ::pwrite(file_.get(), &nobody, 1, static_cast<off_t>(id));
  lock(id, F_UNLCK);
}

void UserTable::endLeft() const {
  if (!file_) return;
  std::string taken(kUserCount, '\0');
  const ssize_t n = ::pread(file_.get(), taken.data(), taken.size(), kFirstUser);
  for (std::uint32_t i = 0; static_cast<ssize_t>(i) < n; ++i) {
    const std::uint32_t id = kFirstUser + i;
    if (taken[i] == 0 || !lock(id, F_WRLCK)) continue;
    auto others = takeFromOthers(id);
    char now = 0;  // its host may have given it back meanwhile
    if (others && ::pread(file_.get(), &now, 1, static_cast<off_t>(id)) == 1 && now != 0)
      endUser(id);
    giveBack(id, others ? std::move(*others) : Taken());
  }
}

}  // namespace planwright

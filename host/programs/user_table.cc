#include "programs/user_table.h"

#include <string>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

#include "programs/user_processes.h"

namespace planwright {

UserTable::UserTable(const std::filesystem::path& file) {
  if (::geteuid() != 0) return;
  std::error_code error;
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

bool UserTable::take(std::uint32_t id) const {
  if (!file_) return true;
  if (!lock(id, F_WRLCK)) return false;
  char taken = 0;
  const bool isLeft = ::pread(file_.get(), &taken, 1, static_cast<off_t>(id)) == 1 && taken != 0;
  taken = 1;
  if (!isLeft && ::pwrite(file_.get(), &taken, 1, static_cast<off_t>(id)) == 1) return true;
  lock(id, F_UNLCK);
  return false;
}

void UserTable::giveBack(std::uint32_t id) const {
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
    char now = 0;  // its host may have given it back meanwhile
    if (::pread(file_.get(), &now, 1, static_cast<off_t>(id)) == 1 && now != 0) endUser(id);
    giveBack(id);
  }
}

}  // namespace planwright

#include "programs/build_users.h"

#include <stdexcept>
#include <string>

#include <pwd.h>
#include <unistd.h>

#include "programs/user_processes.h"

namespace planwright {
namespace {

/// An account, or a service of systemd, which has none where nss-systemd is not installed.
bool isSomebodys(std::uint32_t id) {
  passwd entry{}, *found = nullptr;
  char buffer[4096];
  if (::getpwuid_r(id, &entry, buffer, sizeof buffer, &found) == 0 && found != nullptr) return true;
  return ::access(("/run/systemd/dynamic-uid/" + std::to_string(id)).c_str(), F_OK) == 0;
}

}  // namespace

std::uint32_t BuildUsers::take(std::uint32_t wanted) {
  auto ids = ids_.lock();
  const auto tryTo = [&](std::uint32_t id) {
    const bool isTaken = !ids->taken.contains(id) && !isSomebodys(id) && table_.take(id);
    if (isTaken) ids->taken.insert(id);
    return isTaken;
  };
  if (isOfPrograms(wanted) && tryTo(wanted)) return wanted;
  // Hosts of one machine begin in different places, so that they rarely meet.
  const auto start =
      ids->last > 0 ? ids->last + 1 - kFirstUser : static_cast<std::uint32_t>(::getpid()) * 64;
  for (std::uint32_t i = 0; i < kUserCount; ++i) {
    const std::uint32_t id = kFirstUser + (start + i) % kUserCount;
    if (tryTo(id)) return ids->last = id;
  }
  throw std::runtime_error("no user id is left for a confined program");
}

void BuildUsers::giveBack(std::uint32_t id) {
  auto ids = ids_.lock();
  ids->taken.erase(id);
  table_.giveBack(id);
}

}  // namespace planwright

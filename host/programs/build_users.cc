#include "programs/build_users.h"

#include <stdexcept>

#include <pwd.h>
#include <unistd.h>

namespace planwright {
namespace {

constexpr std::uint32_t kFirst = 61184, kCount = 65519 - kFirst + 1;

bool isSomebodys(std::uint32_t id) {
  passwd entry{}, *found = nullptr;
  char buffer[4096];
  return ::getpwuid_r(id, &entry, buffer, sizeof buffer, &found) == 0 && found != nullptr;
}

}  // namespace

std::uint32_t BuildUsers::take() {
  auto ids = ids_.lock();
  // Hosts of one machine begin in different places, so that they rarely meet.
  const auto start =
      ids->last > 0 ? ids->last + 1 - kFirst : static_cast<std::uint32_t>(::getpid()) * 64;
  for (std::uint32_t i = 0; i < kCount; ++i) {
    const std::uint32_t id = kFirst + (start + i) % kCount;
    if (ids->taken.count(id) > 0 || isSomebodys(id)) continue;
    ids->taken.insert(id);
    ids->last = id;
    return id;
  }
  throw std::runtime_error("no user id is left for a confined program");
}

}  // namespace planwright

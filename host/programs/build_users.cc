#include "programs/build_users.h"

#include <stdexcept>
#include <utility>

#include <unistd.h>

#include "programs/user_processes.h"

namespace planwright {

std::uint32_t BuildUsers::take(std::uint32_t wanted) {
  auto ids = ids_.lock();
  const auto tryTo = [&](std::uint32_t id) {
    if (ids->taken.contains(id)) return false;
    auto taken = table_.take(id);
    if (!taken) return false;
    ids->taken.emplace(id, std::move(*taken));
    return true;
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
  auto given = ids->taken.extract(id);
  if (given) table_.giveBack(id, std::move(given.mapped()));
}

}  // namespace planwright

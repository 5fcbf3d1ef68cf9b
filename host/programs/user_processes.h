#pragma once

#include <cstdint>
#include <vector>

#include <sys/types.h>

namespace planwright {

/// User ids that hosts give to programs, each to one at a time (build_users.h).
constexpr std::uint32_t kFirstUser = 61184, kUserCount = 65519 - kFirstUser + 1;
constexpr bool isOfPrograms(std::uint32_t user) {
  return user >= kFirstUser && user - kFirstUser < kUserCount;
}

/// Somebody in the user database of this machine.
bool isAccount(std::uint32_t user);

/// Of the process, as we see it, whatever it may hide; 0 = root, or it is gone.
std::uint32_t userOf(pid_t pid);

/// Those among `candidates` that live (no zombies) and run as this user.
std::vector<pid_t> processesOf(const std::vector<pid_t>& candidates, std::uint32_t user);

/// SIGKILL to all that runs as this user, in one moment: what forks and ends all the time is gone
/// before somebody who looks for it has found it, but not from here. Only for a user of
/// programs that is the caller's alone, and only if we are root.
void killUser(std::uint32_t user);

/// Returns when nothing of that user is left, after 10 s at the latest.
void endUser(std::uint32_t user);

}  // namespace planwright

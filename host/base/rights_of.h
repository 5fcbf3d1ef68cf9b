#pragma once

#include <vector>

#include <sys/types.h>

namespace planwright {

/// While this lives, its thread reaches files with the rights of another user, who is in no group
/// but the one of the same number. Nothing happens for our own user. Throws std::system_error.
/// One thread only. (setfsuid(2) and setgroups(2) are of a thread; libc's setgroups() is not.)
class RightsOf {
 public:
  explicit RightsOf(uid_t user);
  ~RightsOf();
  RightsOf(const RightsOf&) = delete;
  RightsOf& operator=(const RightsOf&) = delete;

 private:
  const bool isOther_;
  std::vector<gid_t> groups_;  ///< that the thread had
};

}  // namespace planwright

#include "base/rights_of.h"

#include <cerrno>
#include <system_error>

#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace planwright {

RightsOf::RightsOf(uid_t user) : isOther_(user != ::geteuid()) {
  if (!isOther_) return;
  groups_.resize(static_cast<std::size_t>(::getgroups(0, nullptr)));
  if (::getgroups(static_cast<int>(groups_.size()), groups_.data()) < 0 ||
      ::syscall(SYS_setgroups, 0, nullptr) != 0)
    throw std::system_error(errno, std::generic_category(), "cannot take the rights of a user");
  ::setfsgid(user);
  ::setfsuid(user);
}

RightsOf::~RightsOf() {
  if (!isOther_) return;
  ::setfsuid(::geteuid());
  ::setfsgid(::getegid());
  ::syscall(SYS_setgroups, groups_.size(), groups_.data());
}

}  // namespace planwright

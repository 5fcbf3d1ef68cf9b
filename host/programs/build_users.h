#pragma once

#include <cstdint>
#include <set>

#include "base/guarded.h"

namespace planwright {

/// User ids for programs of a host that is root: each running program has one of its own, so that
/// it can touch neither the host's files nor another program. Taken from the range that systemd
/// keeps for such users (61184 to 65519), leaving out those that are somebody's. One after the
/// other, so that it takes long until somebody is again who left a file in /tmp. [any thread]
class BuildUsers {
 public:
  /// An id for this scope.
  class Lease {
   public:
    explicit Lease(BuildUsers& users) : users_(users), id_(users.take()) {}
    ~Lease() { users_.ids_.lock()->taken.erase(id_); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    std::uint32_t id() const { return id_; }

   private:
    BuildUsers& users_;
    const std::uint32_t id_;
  };

 private:
  std::uint32_t take();

  struct Ids {
    std::set<std::uint32_t> taken;
    std::uint32_t last = 0;  ///< 0 = none was taken yet
  };
  Guarded<Ids> ids_;
};

}  // namespace planwright

#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <utility>

#include "base/guarded.h"
#include "programs/user_table.h"

namespace planwright {

/// User ids for programs of a host that is root: each running program has one of its own, so that
/// it can touch neither the host's files nor another program, and all that runs as that user may
/// be ended with it. Taken from the range that systemd keeps for such users (61184 to 65519),
/// leaving out those that are somebody's. One after the other, so that it takes long until somebody
/// is again who left a file in /tmp. [any thread]
class BuildUsers {
 public:
  explicit BuildUsers(const std::filesystem::path& table = UserTable::kFile,
                      std::filesystem::path services = UserTable::kServices)
      : table_(table, std::move(services)) {}

  /// An id for this scope.
  class Lease {
   public:
    /// `wanted` if nobody has that; 0 = any. Throws std::runtime_error if none is left.
    explicit Lease(BuildUsers& users, std::uint32_t wanted = 0)
        : users_(users),
          id_(users.take(wanted)) {}
    ~Lease() { users_.giveBack(id_); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    std::uint32_t id() const { return id_; }
    /// No other host of this machine has it, nor a service.
    bool isExclusive() const { return users_.table_.isThere(); }

   private:
    BuildUsers& users_;
    const std::uint32_t id_;
  };

 private:
  std::uint32_t take(std::uint32_t wanted);
  void giveBack(std::uint32_t id);

  struct Ids {
    std::map<std::uint32_t, UserTable::Taken> taken;
    std::uint32_t last = 0;  ///< 0 = none was taken yet
  };
  const UserTable table_;
  Guarded<Ids> ids_;
};

}  // namespace planwright

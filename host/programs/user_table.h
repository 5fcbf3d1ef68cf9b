#pragma once

#include <cstdint>
#include <filesystem>

#include "base/unique_fd.h"

namespace planwright {

/// Which user ids the hosts of this machine have given to programs: one file for all of them, with
/// a byte for each id. It is locked by who has the id, and not 0 as long as somebody has it, so one
/// that is neither 0 nor locked was a killed host's. Only for root. [any thread; one caller for an
/// id at a time]
class UserTable {
 public:
  static constexpr const char* kFile = "/run/planwright/users";

  /// Without the file, if it cannot be made, every id can be had, and nobody knows by whom.
  explicit UserTable(const std::filesystem::path& file = kFile);

  bool isThere() const { return static_cast<bool>(file_); }
  /// False: another host has it, or had it when it was killed.
  bool take(std::uint32_t id) const;
  void giveBack(std::uint32_t id) const;
  /// Ends what runs as users whose host is gone.
  void endLeft() const;

 private:
  bool lock(std::uint32_t id, short how) const;

  UniqueFd file_;
};

}  // namespace planwright

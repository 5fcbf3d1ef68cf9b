#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/unique_fd.h"

namespace planwright {

/// Which user ids the hosts of this machine have given to programs: one file for all of them, with
/// a byte for each id. It is locked by who has the id, and not 0 as long as somebody has it, so one
/// that is neither 0 nor locked was a killed host's. The same range is used by systemd for services
/// (DynamicUser=), with a file for each id that is locked by who has it: an id is taken there as
/// well. Only for root. [any thread; one caller for an id at a time]
class UserTable {
 public:
  static constexpr const char* kFile = "/run/planwright/users";
  static constexpr const char* kServices = "/run/systemd/dynamic-uid";
  /// An id that was taken: what it is locked by among services, if there is systemd.
  using Taken = UniqueFd;

  /// Without the file, if it cannot be made, every id can be had, and nobody knows by whom.
  explicit UserTable(const std::filesystem::path& file = kFile,
                     std::filesystem::path services = kServices);

  bool isThere() const { return static_cast<bool>(file_); }
  /// Nothing: it is an account, a service has it, or another host has it or had it when it was
  /// killed.
  std::optional<Taken> take(std::uint32_t id) const;
  void giveBack(std::uint32_t id, Taken taken) const;
  /// Ends what runs as users whose host is gone.
  void endLeft() const;

 private:
  bool lock(std::uint32_t id, short how) const;
  bool note(std::uint32_t id) const;
  void forget(std::uint32_t id) const;
  std::optional<Taken> takeFromOthers(std::uint32_t id) const;
  std::filesystem::path placeOf(std::uint32_t id) const { return services_ / std::to_string(id); }

  UniqueFd file_;
  std::filesystem::path services_;  ///< empty: no systemd here
};

}  // namespace planwright

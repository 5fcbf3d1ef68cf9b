#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace planwright {

/// Addresses of IPv4 that have their first `length` bits in common.
struct Prefix {
  std::uint32_t address = 0;  ///< in the machine's byte order
  int length = 32;

  bool overlaps(const Prefix& other) const;
  std::string text() const;  ///< "10.0.2.0/24"
  friend bool operator==(const Prefix&, const Prefix&) = default;
};

/// "10.0.2.3"
std::string addressText(std::uint32_t address);

/// What the routes of a network namespace say about it.
struct Routes {
  std::vector<Prefix> own;     ///< addresses of the machine itself, its loopback left out
  std::vector<Prefix> others;  ///< where it sends packets by another route than the default one
  bool hasDefault = false;
};

/// The routes of this process's network namespace, by rtnetlink(7). One thread.
class RouteTable {
 public:
  RouteTable();  ///< Throws std::system_error.

  Routes read();
  /// Returns when there is a default route, however long that takes.
  void awaitDefault();
  /// Packets to these are refused with "Permission denied" from now on.
  void prohibit(const std::vector<Prefix>& prefixes);

 private:
  UniqueFd socket_;
  std::uint32_t lastNumber_ = 0;
};

}  // namespace planwright

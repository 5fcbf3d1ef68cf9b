#pragma once

#include <string>

namespace planwright {

/// Where a host listens.
struct ListenConfig {
  std::string address = "127.0.0.1:8470";  ///< HOST:PORT or unix:/PATH
  int mode = 0600;                         ///< of the socket at PATH
  std::string group;                       ///< of the same; empty: that of the host
  friend bool operator==(const ListenConfig&, const ListenConfig&) = default;
};

}  // namespace planwright

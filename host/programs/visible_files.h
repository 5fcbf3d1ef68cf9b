#pragma once

#include <string>
#include <vector>

namespace planwright {

/// What a confined program sees of the system, read-only: programs, libraries, and the few files of
/// /etc they look into. Everything else (other /etc, /home, /root, /run, /srv, /var, the data
/// folder) is not there. Paths that this machine does not have are left out.
std::vector<std::string> systemPaths();
/// Besides these, for programs with a network.
std::vector<std::string> networkPaths();

}  // namespace planwright

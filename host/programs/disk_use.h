#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace planwright {

/// What files take on the disk. A file counts as 4 KiB at least, since it takes an inode too. What
/// has several names counts once. Follows no link; what vanishes meanwhile counts nothing. Goes
/// from descriptor to descriptor, so that no path is too long for it.
/// Nothing: folders are moved about while they are read, so that they cannot be counted.
std::optional<std::uint64_t> diskUse(const std::vector<std::string>& folders);

/// All processes, by the user whose they are.
using ProcessesByUser = std::map<std::uint32_t, std::vector<pid_t>>;
ProcessesByUser processesByUser();

/// Files without a name in `folders` that processes hold open or mapped: what they take on the
/// disk. `user`: the processes of this one; 0 = those of the host's own that see the folders in a
/// sandbox, and files that had their name in them. What cannot be looked at counts nothing.
std::uint64_t unlinkedUse(const std::vector<std::string>& folders, std::uint32_t user,
                          const ProcessesByUser& processes);

}  // namespace planwright

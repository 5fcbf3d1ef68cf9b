#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace planwright {

/// What files take on the disk. A file counts as 4 KiB at least, since it takes an inode too. What
/// has several names counts once. Follows no link; what vanishes meanwhile counts nothing. Goes
/// from descriptor to descriptor, so that no path is too long for it.
/// Nothing: folders are moved about while they are read, so that they cannot be counted.
std::optional<std::uint64_t> diskUse(const std::vector<std::string>& folders);

/// Files without a name in `folders` that processes hold open: what they take on the disk.
/// `user`: the processes of this one; 0 = those that see the folders in a sandbox, and files that
/// had their name in them. What cannot be looked at counts nothing.
std::uint64_t unlinkedUse(const std::vector<std::string>& folders, std::uint32_t user);

}  // namespace planwright

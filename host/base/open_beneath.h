#pragma once

#include <cstdint>
#include <string>

#include "base/unique_fd.h"

namespace planwright {

enum class Links : std::uint8_t { Follow, Refuse };  ///< also of the folders on the way

/// Opens a name without leaving the folder, whatever anybody makes of its parts in the meantime.
/// None with errno: EXDEV, it leads out of the folder; else as open(2).
UniqueFd openBeneath(int folder, const std::string& name, int flags, Links links);

}  // namespace planwright

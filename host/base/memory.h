#pragma once

#include <cstddef>

namespace planwright {

/// Gives memory that nothing uses any more back to the system if it is more than `fromBytes`. The
/// allocator keeps what a large document took, a hundred times its size, for as long as the process
/// lives. Costs some 50 microseconds when there is nothing to give. [any thread]
void giveBackMemory(std::size_t fromBytes = std::size_t{32} << 20);

}  // namespace planwright

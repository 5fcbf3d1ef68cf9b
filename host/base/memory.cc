#include "base/memory.h"

#include <malloc.h>

namespace planwright {

void giveBackMemory(std::size_t fromBytes) {
  if (::mallinfo2().fordblks >= fromBytes) ::malloc_trim(0);
}

}  // namespace planwright

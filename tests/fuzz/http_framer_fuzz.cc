// libFuzzer target: tests/fuzz/README.md says how to build and run it.
#include <cstddef>
#include <cstdint>

#include "support/http_framer_harness.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  planwright::exerciseFramer({reinterpret_cast<const char*>(data), size});
  return 0;
}

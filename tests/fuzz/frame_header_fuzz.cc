// libFuzzer target: tests/fuzz/README.md says how to build and run it.
#include <cstddef>
#include <cstdint>

#include "support/fuzz_harnesses.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  planwright::exerciseFrameHeader({reinterpret_cast<const char*>(data), size});
  return 0;
}

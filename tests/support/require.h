#pragma once

#include <cstdio>
#include <cstdlib>

namespace planwright {

/// Ends the process, with what did not hold, so that a fuzzer keeps the input and a test fails.
inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

}  // namespace planwright

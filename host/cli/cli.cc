#include "cli/cli.h"

#include <cstdio>

namespace planwright::cli {

int run(int, char**) {
  std::puts("planwright " PLANWRIGHT_VERSION);
  return 0;
}

}  // namespace planwright::cli

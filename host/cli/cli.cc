#include "cli/cli.h"

#include <cstdio>
#include <string_view>

#include "base/keeper_process.h"

namespace planwright::cli {

int run(int argc, char** argv) {
  constexpr int kKeeperSocket = 3;  // hidden: started by base/keeper.h
  if (argc > 1 && std::string_view(argv[1]) == "keeper") return keeperMain(kKeeperSocket);
  std::puts("planwright " PLANWRIGHT_VERSION);
  return 0;
}

}  // namespace planwright::cli

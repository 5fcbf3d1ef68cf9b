#include <string_view>

#include "programs/network_maker.h"
#include "stages/worker.h"

/// The parts of planwright that are small processes of their own (base/own_program.h).
int main(int argc, char** argv) {
  constexpr int kSocket = 0;
  if (argc > 1 && std::string_view(argv[1]) == "program-network")
    return planwright::networkMain(argc, argv);
  return planwright::workerMain(kSocket);
}

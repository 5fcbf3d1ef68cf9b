#include "stages/worker.h"

/// The worker of a stage as a program of its own (host/README.md says why).
int main() {
  constexpr int kSocket = 0;
  return planwright::workerMain(kSocket);
}

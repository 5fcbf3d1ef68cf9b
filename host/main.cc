#include "cli/cli.h"

int main(int argc, char** argv) {
  return planwright::cli::run(argc, argv);
}

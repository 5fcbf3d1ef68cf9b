#pragma once

namespace planwright::cli {

/// The whole program: parses `argv`, runs one command, returns its exit code (the table is in host/cli/README.md).
int run(int argc, char** argv);

}  // namespace planwright::cli

#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/client.h"
#include "cli/exit_code.h"
#include "cli/terminal.h"

namespace planwright::cli {

/// What all commands of one run share: the global options, the terminal, the connection. Owned by
/// cli::run.
struct Session {
  explicit Session(Terminal& where) : terminal(where) {}

  Terminal& terminal;
  std::string server;
  std::string output = "table";      ///< table | wide | json | jsonl | name
  std::string color = "auto";        ///< auto | always | never
  std::vector<std::string> columns;  ///< paths such as "summary.jobs"; empty = the table's own
  bool noHeaders = false;
  std::function<ExitCode()> action;  ///< the command that was chosen

  /// The server's API; connects at the first request.
  Client& client();
  bool isTable() const { return output == "table" || output == "wide"; }

 private:
  std::unique_ptr<Client> client_;
};

}  // namespace planwright::cli

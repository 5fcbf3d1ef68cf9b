#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/client.h"
#include "cli/terminal.h"

namespace planwright::cli {

/// The server to talk to: `given` (--server), else PLANWRIGHT_SERVER, else the file
/// `.planwright/planwright.url` below `workingFolder`, else http://127.0.0.1:8470. Without a
/// trailing slash; `http://` is added if missing.
std::string serverAddress(const std::string& given, const std::filesystem::path& workingFolder);

/// What to show to the server at `address`: PLANWRIGHT_TOKEN, else the first line of the file
/// PLANWRIGHT_TOKEN_FILE, else of `.planwright/token` below `workingFolder` if the server is the
/// one of that folder, else of ~/.config/planwright/token, else nothing. Never a flag: a command
/// line can be read by every user of the machine.
std::string accessToken(const std::string& address, const std::filesystem::path& workingFolder);

/// What all commands of one run share: the global options, the terminal, the connection. Owned by
/// cli::run.
struct Session {
  explicit Session(Terminal& where) : terminal(where) {}

  Terminal& terminal;
  std::string server;
  Certificates certificates;
  std::string output = "table";      ///< table | wide | json | jsonl | name
  std::string color = "auto";        ///< auto | always | never
  std::vector<std::string> columns;  ///< paths such as "summary.jobs"; empty = the table's own
  bool noHeaders = false;
  std::function<ExitCode()> action;  ///< the command that was chosen

  /// Of the server, by the options of this run.
  std::string address() const;
  /// The server's API; connects at the first request.
  Client& client();
  bool isTable() const { return output == "table" || output == "wide"; }

 private:
  std::unique_ptr<Client> client_;
};

/// Does `one` for every id. Part of them failing is PartlyDone, all of them the first one's reason.
ExitCode forEach(Session& session, const std::vector<std::int64_t>& ids,
                 const std::function<void(std::int64_t)>& one);

}  // namespace planwright::cli

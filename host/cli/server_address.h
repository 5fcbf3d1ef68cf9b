#pragma once

#include <filesystem>
#include <string>

namespace planwright::cli {

/// The server to talk to: `given` (--server), else PLANWRIGHT_SERVER, else the file
/// `.planwright/planwright.url` below `workingFolder`, else http://127.0.0.1:8470. Without a
/// trailing slash; `http://` is added if missing.
std::string serverAddress(const std::string& given, const std::filesystem::path& workingFolder);

/// PLANWRIGHT_TOKEN, else the first line of the file PLANWRIGHT_TOKEN_FILE, else empty. Never a
/// flag: a command line can be read by every user of the machine.
std::string accessToken();

}  // namespace planwright::cli

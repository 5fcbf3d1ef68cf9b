#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"

namespace planwright {

/// The name of whoever shows the administrator's token.
inline constexpr const char* kAdministrator = "admin";

/// The administrator's token of a host, which `serve` writes into its data folder, so that whoever
/// may read the folder needs nothing else.
std::filesystem::path tokenFile(const std::filesystem::path& dataFolder);

/// Makes the file (0600) with a new token if there is none. Invalid: others may read it, or it
/// holds no token. Throws std::system_error.
Result<void> makeTokenFile(const std::filesystem::path& file);

}  // namespace planwright

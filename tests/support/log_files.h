#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace planwright {

/// Writes a log that came in these pieces: one frame each (or more, if it is large), the first one
/// at 1,000 ms, the next at 1,001 ms and so on.
std::filesystem::path writeLog(const std::filesystem::path& path,
                               const std::vector<std::string>& pieces);

}  // namespace planwright

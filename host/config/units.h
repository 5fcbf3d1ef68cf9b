#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace planwright {

/// "500ms", "2s", "10min", "1.5h", "30d", "0". Invalid says what is expected. At most ten years.
Result<std::chrono::milliseconds> parseDuration(std::string_view text);

/// "512MiB", "10GB", "4096" (bytes). KiB, MiB, GiB, TiB are powers of 1024; kB, MB, GB, TB of 1000.
Result<std::int64_t> parseSize(std::string_view text);

}  // namespace planwright

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace recipe {

/// "500ms", "2s", "10min", "1.5h", "2d"; nothing else, above all no number without a unit. Up to a
/// year.
std::optional<std::chrono::milliseconds> parseDuration(std::string_view text);

/// "512MiB", "2GB", "4096" (bytes). KiB, MiB, GiB, TiB count in 1024, kB, MB, GB, TB in 1000.
std::optional<std::int64_t> parseSize(std::string_view text);

}  // namespace recipe

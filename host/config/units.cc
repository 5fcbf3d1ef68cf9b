#include "config/units.h"

#include <array>
#include <charconv>
#include <cmath>
#include <string>

namespace planwright {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};

constexpr std::array kDurations = {Unit{"ms", 1},     Unit{"s", 1'000},     Unit{"min", 60'000},
                                   Unit{"m", 60'000}, Unit{"h", 3'600'000}, Unit{"d", 86'400'000}};
constexpr std::array kSizes = {Unit{"B", 1},
                               Unit{"KiB", 1024.0},
                               Unit{"MiB", 1048576.0},
                               Unit{"GiB", 1073741824.0},
                               Unit{"TiB", 1099511627776.0},
                               Unit{"kB", 1e3},
                               Unit{"MB", 1e6},
                               Unit{"GB", 1e9},
                               Unit{"TB", 1e12}};

constexpr double kTenYearsMs = 3650.0 * 86'400'000;
constexpr double kMaxBytes = 9e18;

/// Number and unit; a negative value means that the text is neither.
template <std::size_t N>
double scaled(std::string_view text, const std::array<Unit, N>& units, double bareFactor) {
  double number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc() || !std::isfinite(number) || number < 0) return -1;
  std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  while (!unit.empty() && unit.front() == ' ') unit.remove_prefix(1);
  if (unit.empty()) return number == 0 ? 0 : number * bareFactor;
  for (const auto& known : units)
    if (known.name == unit) return number * known.factor;
  return -1;
}

}  // namespace

Result<std::chrono::milliseconds> parseDuration(std::string_view text) {
  const double ms = scaled(text, kDurations, -1);
  if (ms < 0)
    return invalid("\"" + std::string(text) +
                   "\" is not a duration; write a number with ms, s, min, h or d, such as 2s");
  if (ms > kTenYearsMs) return invalid("\"" + std::string(text) + "\" is more than ten years");
  return std::chrono::milliseconds(std::llround(ms));
}

Result<std::int64_t> parseSize(std::string_view text) {
  const double bytes = scaled(text, kSizes, 1);
  if (bytes < 0 || bytes > kMaxBytes)
    return invalid("\"" + std::string(text) +
                   "\" is not a size; write a number with B, KiB, MiB, GiB or TiB, such as 512MiB");
  return static_cast<std::int64_t>(std::llround(bytes));
}

}  // namespace planwright

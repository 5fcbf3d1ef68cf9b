#include "units.h"

#include <charconv>
#include <cmath>
#include <utility>

namespace recipe {
namespace {

/// "1.5h" -> 1.5 and "h". Only digits and one point: from_chars would also take "inf" and "1e3".
std::optional<std::pair<double, std::string_view>> split(std::string_view text) {
  const auto end = text.find_first_not_of("0123456789.");
  const std::string_view number = text.substr(0, end);
  std::string_view unit = end == std::string_view::npos ? std::string_view() : text.substr(end);
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  double value = 0;
  const auto parsed = std::from_chars(number.data(), number.data() + number.size(), value);
  if (number.empty() || parsed.ec != std::errc() || parsed.ptr != number.data() + number.size())
    return std::nullopt;
  return std::pair{value, unit};
}

}  // namespace

std::optional<std::chrono::milliseconds> parseDuration(std::string_view text) {
  constexpr std::pair<std::string_view, double> kUnits[] = {
      {"ms", 1}, {"s", 1e3}, {"min", 60e3}, {"h", 3600e3}, {"d", 86400e3}};
  const auto parts = split(text);
  if (!parts) return std::nullopt;
  for (const auto& [unit, factor] : kUnits) {
    if (parts->second != unit) continue;
    const double ms = std::round(parts->first * factor);
    if (ms > 366 * 86400e3) return std::nullopt;
    return std::chrono::milliseconds(static_cast<std::int64_t>(ms));
  }
  return std::nullopt;
}

std::optional<std::int64_t> parseSize(std::string_view text) {
  constexpr std::pair<std::string_view, double> kUnits[] = {{"", 1},
                                                            {"B", 1},
                                                            {"KiB", 1024.0},
                                                            {"MiB", 1048576.0},
                                                            {"GiB", 1073741824.0},
                                                            {"TiB", 1099511627776.0},
                                                            {"kB", 1e3},
                                                            {"MB", 1e6},
                                                            {"GB", 1e9},
                                                            {"TB", 1e12}};
  const auto parts = split(text);
  if (!parts) return std::nullopt;
  for (const auto& [unit, factor] : kUnits) {
    if (parts->second != unit) continue;
    const double bytes = std::round(parts->first * factor);
    if (bytes > 9007199254740991.0) return std::nullopt;  // what JSON numbers carry exactly
    return static_cast<std::int64_t>(bytes);
  }
  return std::nullopt;
}

}  // namespace recipe

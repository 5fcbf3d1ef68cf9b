#include "duration.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include <planwright/errors.hpp>

namespace source_folder {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t milliseconds;
};
constexpr Unit kUnits[] = {
    {"ms", 1}, {"s", 1000}, {"min", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
constexpr std::chrono::milliseconds kShortest{10};
constexpr std::chrono::milliseconds kLongest = std::chrono::hours(24 * 30);

}  // namespace

std::chrono::milliseconds parseDuration(const std::string& text, const char* setting) {
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string_view name(end, static_cast<std::size_t>(text.data() + text.size() - end));
  const auto unit = std::find_if(std::begin(kUnits), std::end(kUnits),
                                 [&](const Unit& each) { return each.name == name; });
  const bool isValid = error == std::errc{} && unit != std::end(kUnits) && count > 0 &&
                       count <= kLongest.count() / unit->milliseconds;
  if (!isValid) {
    pw::badSetting(std::string(setting) + ": \"" + text +
                   "\" is not a time; expected a number with ms, s, min, h or d, at most 30d, for "
                   "example 2s");
  }
  return std::max(kShortest, std::chrono::milliseconds(count * unit->milliseconds));
}

}  // namespace source_folder

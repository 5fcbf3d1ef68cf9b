#include "intake/file_names.h"

#include <fmt/format.h>

namespace planwright {
namespace {

/// The length of the UTF-8 sequence (RFC 3629) at the front of `text`, 0 if there is none.
std::size_t sequenceLength(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf5   ? 0
                             : first >= 0xf0 ? 4
                             : first >= 0xe0 ? 3
                             : first >= 0xc2 ? 2
                                             : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  const unsigned second = byte(1);
  const bool isOverlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  const bool isSurrogate = first == 0xed && second >= 0xa0;
  const bool isTooHigh = first == 0xf4 && second >= 0x90;
  return isOverlong || isSurrogate || isTooHigh ? 0 : length;
}

bool isUtf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = sequenceLength(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

/// Calls `visit` with each part between slashes until one returns true; says whether one did.
template <class Visit>
bool anyPart(std::string_view name, Visit visit) {
  for (;;) {
    const std::size_t slash = name.find('/');
    if (visit(name.substr(0, slash))) return true;
    if (slash == std::string_view::npos) return false;
    name.remove_prefix(slash + 1);
  }
}

}  // namespace

std::optional<std::string> refusalOfName(std::string_view name) {
  if (!isUtf8(name)) return "its name is not UTF-8; rename it";
  if (name.find('\0') != std::string_view::npos) return "its name contains a NUL byte";
  if (name.size() > kMaxNameBytes) {
    return fmt::format("its name is longer than {} bytes", kMaxNameBytes);
  }
  const auto isBad = [](std::string_view part) {
    return part.empty() || part == "." || part == "..";
  };
  if (anyPart(name, isBad)) return "its name is not a plain path below the folder";
  return std::nullopt;
}

bool isHidden(std::string_view name) {
  return anyPart(name, [](std::string_view part) { return part.starts_with('.'); });
}

std::string printableName(std::string_view name) {
  std::string out;
  while (!name.empty() && out.size() < kMaxNameBytes) {
    const std::size_t length = sequenceLength(name);
    const auto first = static_cast<unsigned char>(name[0]);
    if (length == 0 || first < 0x20 || first == 0x7f) {
      out += fmt::format("\\x{:02x}", first);
      name.remove_prefix(1);
    } else {
      out += name.substr(0, length);
      name.remove_prefix(length);
    }
  }
  return out;
}

}  // namespace planwright

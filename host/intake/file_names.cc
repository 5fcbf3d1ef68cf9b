#include "intake/file_names.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/shown_text.h"
#include "base/utf8.h"

namespace planwright {
namespace {

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
  if (std::any_of(name.begin(), name.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }))
    return "its name holds a control character; rename it";
  if (name.size() > kMaxNameBytes) {
    return fmt::format("its name is longer than {} bytes", kMaxNameBytes);
  }
  const auto isBad = [](std::string_view part) {
    return part.empty() || part == "." || part == ".." || part.size() > kMaxPartBytes;
  };
  if (anyPart(name, isBad)) return "its name is not a plain path below the folder";
  return std::nullopt;
}

bool isHidden(std::string_view name) {
  return anyPart(name, [](std::string_view part) { return part.starts_with('.'); });
}

std::string printableName(std::string_view name) {
  return shownText(name.substr(0, kMaxNameBytes));
}

}  // namespace planwright

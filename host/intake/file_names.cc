#include "intake/file_names.h"

#include <fmt/format.h>

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
  const bool isValid = isUtf8(name);
  for (const char c : name.substr(0, kMaxNameBytes)) {
    const auto byte = static_cast<unsigned char>(c);
    const bool isPlain = byte >= 0x20 && byte != 0x7f && (isValid || byte < 0x80);
    out += isPlain ? std::string(1, c) : fmt::format("\\x{:02x}", byte);
  }
  return toUtf8(out);  // it may be cut in the middle of a character
}

}  // namespace planwright

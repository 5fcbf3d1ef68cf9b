#include "artifacts/wheel_metadata.h"

#include <algorithm>

#include "artifacts/wheel_name.h"
#include "artifacts/zip_member.h"

namespace planwright {
namespace {

constexpr std::string_view kFolderEnding = ".dist-info/METADATA";
constexpr std::string_view kRequiresPython = "requires-python:";
constexpr std::size_t kLongestRequiresPython = 200;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool isShown(char c) {
  return c >= ' ' && c <= '~';
}

}  // namespace

std::optional<std::string> readWheelMetadata(int fd, std::string_view project) {
  const auto isMetadata = [project](std::string_view name) {
    if (!name.ends_with(kFolderEnding)) return false;
    name.remove_suffix(kFolderEnding.size());
    return name.find('/') == std::string_view::npos &&
           normalisedProject(name.substr(0, name.find('-'))) == project;
  };
  return readZipMember(fd, isMetadata, kLongestMetadata);
}

std::string requiresPython(std::string_view metadata) {
  while (!metadata.empty()) {
    const std::size_t end = std::min(metadata.find('\n'), metadata.size());
    std::string_view line = metadata.substr(0, end);
    metadata.remove_prefix(std::min(end + 1, metadata.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) return {};  // the description follows
    const bool isIt = line.size() > kRequiresPython.size() &&
                      std::equal(kRequiresPython.begin(), kRequiresPython.end(), line.begin(),
                                 [](char wanted, char c) { return wanted == lower(c); });
    if (!isIt) continue;
    line.remove_prefix(
        std::min(line.find_first_not_of(" \t", kRequiresPython.size()), line.size()));
    const bool isGood =
        line.size() <= kLongestRequiresPython && std::all_of(line.begin(), line.end(), isShown);
    return isGood ? std::string(line) : std::string();
  }
  return {};
}

}  // namespace planwright

#include "surroundings.h"

#include <algorithm>
#include <string_view>

#include "planwright/file_state.hpp"

#include "pip_report.h"

namespace wheels {
namespace {

/// pip goes by Python's mimetypes: INDEX.HTML, a.shtml and a.html.gz are pages as well.
bool isPage(const std::string& name) {
  static constexpr std::string_view kPart = "htm";
  return std::search(name.begin(), name.end(), kPart.begin(), kPart.end(), [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? a + ('a' - 'A') : a) == b;
         }) != name.end();
}

}  // namespace

std::optional<std::string> stateOfPlaces(const Options& options) {
  if (!options.noIndex) return std::nullopt;
  std::string out;
  for (const auto& place : options.findLinks) {
    const std::string path = place.starts_with('/') ? place : pathOfFileUrl(place);
    const auto state = path.empty() ? std::nullopt : pw::stateOfFolder(path);
    if (!state || std::any_of(state->names.begin(), state->names.end(), isPage))
      return std::nullopt;
    out += path + "\n" + state->text;
  }
  return out;
}

std::string stateOfPython(const std::string& python, const std::vector<std::string>& folders) {
  std::string out;
  for (const auto& path : pathsOfProgram(python)) out += path + " " + pw::stateOfFile(path) + "\n";
  for (const auto& path : folders) {
    const auto state = pw::stateOfFolder(path);
    out += path + " " + (state ? state->text : pw::stateOfFile(path)) + "\n";  // perhaps a zip file
  }
  return out;
}

}  // namespace wheels

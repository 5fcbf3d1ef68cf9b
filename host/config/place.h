#pragma once

#include <compare>
#include <string>

namespace planwright {

/// Where a value was written. Line and column count from 1; line 0 = nowhere, it is a built-in
/// default.
struct Place {
  std::string file;
  int line = 0;
  int column = 0;

  bool isBuiltIn() const { return line == 0; }
  /// "team.yaml:12:5", or "built-in default"
  std::string text() const {
    if (isBuiltIn()) return "built-in default";
    return file + ":" + std::to_string(line) + ":" + std::to_string(column);
  }
  friend auto operator<=>(const Place&, const Place&) = default;
};

/// One mistake in a configuration file, with its remedy.
struct ConfigProblem {
  Place place;
  std::string message;
  /// "team.yaml:12:5: unknown key \"stabel_for\"; did you mean \"stable_for\"?"
  std::string text() const { return place.text() + ": " + message; }
  friend auto operator<=>(const ConfigProblem&, const ConfigProblem&) = default;
};

}  // namespace planwright

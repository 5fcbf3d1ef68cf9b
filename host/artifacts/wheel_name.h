#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace planwright {

/// What the file name of a wheel says.
struct WheelName {
  std::string project;  ///< normalised
  std::string version;
  std::string tags;  ///< "cp311-cp311-linux_x86_64"
  friend bool operator==(const WheelName&, const WheelName&) = default;
};

/// Of the last part of a path, which has the five or six parts of the binary distribution format,
/// or nullopt.
std::optional<WheelName> wheelName(std::string_view path);

/// The name under which an index knows a project (PEP 503): "Foo__Bar.baz" is "foo-bar-baz".
std::string normalisedProject(std::string_view name);

/// A normalised name that installers can ask for (PEP 508): a-z, 0-9 and single dashes between.
bool isProjectName(std::string_view name);

}  // namespace planwright

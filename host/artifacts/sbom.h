#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "artifacts/provenance.h"

namespace planwright {

/// A Python project that a build made a wheel of.
struct WheelComponent {
  std::string name;  ///< normalised (PEP 503)
  std::string version;
  StatedFile wheel;
  std::string sourceUrl, sourceDigest;  ///< of the archive it was made from; each may be empty
  std::vector<std::string> tags;        ///< "cp311-cp311-linux_x86_64"
  friend bool operator==(const WheelComponent&, const WheelComponent&) = default;
};

/// What the file name of a wheel says (the binary distribution format's five or six parts), or
/// nullopt.
std::optional<WheelComponent> wheelComponent(const std::string& path, const std::string& digest);

/// A CycloneDX 1.5 bill of materials. Same build, same bytes.
std::string sbomJson(const Provenance& provenance, const std::vector<WheelComponent>& components);

}  // namespace planwright

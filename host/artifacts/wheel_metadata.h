#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace planwright {

/// METADATA files are text; the largest that are known have 300 KB.
constexpr std::size_t kLongestMetadata = std::size_t{2} << 20;

/// The file *.dist-info/METADATA of a wheel as it is there, so that what installers decide by it is
/// what they would find inside. `project`: the normalised name that the file name of the wheel
/// says. Nothing: it is no wheel of that project, it is broken, or its METADATA is longer than
/// kLongestMetadata. Throws for I/O errors. [any thread]
std::optional<std::string> readWheelMetadata(int fd, std::string_view project);

/// The field Requires-Python of a METADATA; empty if there is none, or none that an index may show
/// (printable ASCII, 200 characters).
std::string requiresPython(std::string_view metadata);

}  // namespace planwright

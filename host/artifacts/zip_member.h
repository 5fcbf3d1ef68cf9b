#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace planwright {

/// The one file of a zip archive whose name `isWanted` takes; leaves the offset of `fd` alone.
/// Nothing: there is none or there are several, it is larger than `limitBytes`, or the archive is
/// broken, encrypted, in the format for more than 4 GiB, or has more names than any honest one.
/// Whatever the archive says of itself, no more than its names and `limitBytes` are read, and no
/// more than `limitBytes` are held: a stranger made it. Throws for I/O errors. [any thread]
std::optional<std::string> readZipMember(int fd,
                                         const std::function<bool(std::string_view)>& isWanted,
                                         std::size_t limitBytes);

}  // namespace planwright

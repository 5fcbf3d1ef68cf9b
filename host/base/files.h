#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/unique_fd.h"

namespace planwright {

/// Files that may be large are read and written in pieces of this size.
constexpr std::size_t kPieceBytes = 256 * 1024;

/// The whole file. Throws std::system_error with the path; `limitBytes` stops a file that is
/// larger.
std::string readFile(const std::filesystem::path& path,
                     std::size_t limitBytes = std::size_t{64} << 20);
std::string readAll(int fd, std::size_t limitBytes = std::size_t{64} << 20);
/// Writes all of it or throws.
void writeAll(int fd, std::string_view bytes);
/// Temp file, fsync, rename, fsync of the folder: readers see the old or the new content, also
/// after a crash.
void replaceFile(const std::filesystem::path& path, std::string_view bytes, unsigned mode = 0644);
/// The folder is there (its parents, too) and, if it is ours, has this mode: an earlier version may
/// have made it more open.
void makeFolder(const std::filesystem::path& path, unsigned mode);
/// A sealed, anonymous, readable file with these bytes, at offset 0.
UniqueFd memoryFile(std::string_view bytes);

}  // namespace planwright

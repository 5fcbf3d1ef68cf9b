#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

namespace planwright {

// Reading an ELF file that nobody has checked: nothing outside of its bytes is touched.

/// The bytes [offset, offset + size) if they all lie inside.
inline std::optional<std::string_view> elfSlice(std::string_view file, std::uint64_t offset,
                                                std::uint64_t size) {
  if (offset > file.size() || size > file.size() - offset) return std::nullopt;
  return file.substr(offset, size);
}

/// A header copied out, since nothing promises that it is aligned in the file.
template <class T>
std::optional<T> elfHeader(std::string_view file, std::uint64_t offset) {
  const auto bytes = elfSlice(file, offset, sizeof(T));
  if (!bytes) return std::nullopt;
  T out;
  std::memcpy(&out, bytes->data(), sizeof out);
  return out;
}

}  // namespace planwright

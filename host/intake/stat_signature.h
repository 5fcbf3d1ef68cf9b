#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

struct stat;

namespace planwright {

/// What `stat` says about a file's content: any write, truncation or replacement changes one of the
/// five. Two changes within one tick of the file system's clock can share a time; Snapshot accounts
/// for that.
struct StatSignature {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t sizeBytes = 0;
  std::int64_t mtimeNs = 0;
  std::int64_t ctimeNs = 0;

  static StatSignature of(const struct stat& status);
  /// "device:inode:size:mtime:ctime", as it is stored beside the file's row; "" for a default one.
  std::string text() const;
  /// nullopt unless `text` came from text() of a real signature.
  static std::optional<StatSignature> parse(std::string_view text);
  friend auto operator<=>(const StatSignature&, const StatSignature&) = default;
};

}  // namespace planwright

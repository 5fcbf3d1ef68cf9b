#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/next_piece.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace planwright {

/// Bytes to be sent as they are.
struct Content {
  UniqueFd file;  ///< regular, at offset 0
  std::uint64_t sizeBytes = 0;
  std::string digest;    ///< of all of it, or empty while it may still grow
  std::string fileName;  ///< what a browser would save it as
  /// Whether the file still has the bytes that were hashed (BlobStore::isIntact); empty if that
  /// does not matter.
  std::function<bool(int fd, bool mayRead)> isIntact = {};
};

/// Content that may have to be read and hashed first: whoever must not wait calls `open` elsewhere.
struct LateContent {
  bool isAtOnce = true;  ///< open() does not take long
  std::function<Result<Content>()> open;
};

/// Bytes that are made while somebody takes them.
struct MadeContent {
  /// Those from `offset` on, `size` of them at most.
  std::function<NextPiece(std::uint64_t offset, std::uint64_t size)> open;
  std::optional<std::uint64_t> sizeBytes;  ///< none: known at the end; open() gets all of it
  std::string tag;                         ///< same tag, same bytes; empty: they may still grow
  std::string fileName;
};

}  // namespace planwright

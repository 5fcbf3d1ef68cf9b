#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace planwright {

/// Bytes that are hashed and safe but not yet named by a row. Small ones travel in `content` and
/// are written by the transaction that needs them; larger ones are already durable in the store.
struct StagedBlob {
  Digest digest;
  std::int64_t sizeBytes = 0;
  std::optional<std::string> content;  ///< set for at most kSmallBlobBytes
};

inline constexpr std::int64_t kSmallBlobBytes = 16 * 1024;

/// Asked after every piece of a long read (1 MiB or less) and once more, with `atEnd`, when all
/// bytes are read and hashed but nothing is synced yet. False = give up: stage() answers Conflict
/// with the code "read-stopped" and keeps nothing. An empty one never stops. Called in the thread
/// that stages.
using ReadCheck = std::function<bool(bool atEnd)>;

/// Content-addressed bytes. A blob exists for readers once its `blobs` row is committed. [any
/// thread]
class BlobStore {
 public:
  virtual ~BlobStore() = default;
  /// Reads `fd` to its end while hashing (one pass). TooLarge beyond `limitBytes`; I/O errors
  /// throw.
  virtual Result<StagedBlob> stage(int fd, std::int64_t limitBytes, const ReadCheck& check) = 0;
  Result<StagedBlob> stage(int fd, std::int64_t limitBytes) { return stage(fd, limitBytes, {}); }
  virtual StagedBlob stageBytes(std::string_view bytes) = 0;
  /// A readable descriptor at offset 0. NotFound if no such blob is there.
  virtual Result<UniqueFd> open(const Digest& digest) = 0;
};

}  // namespace planwright

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

/// Codes of errors: a blob that the store should have, and whose bytes are lost until somebody
/// brings them back. A blob that was deleted on purpose is NotFound without a code.
inline constexpr std::string_view kBlobDamaged = "blob-damaged";
inline constexpr std::string_view kBlobMissing = "blob-missing";

/// Whether the bytes were lost by accident.
inline bool isLostBlob(const Error& error) {
  return error.code == kBlobDamaged || error.code == kBlobMissing;
}

/// A file of this size is hashed while somebody waits, whoever it is.
inline constexpr std::int64_t kHashedAtOnceBytes = 4 << 20;

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
  /// A readable descriptor at offset 0 of bytes that have this digest; they are hashed if that is
  /// not known yet, which takes its time. NotFound if no such blob is there, Unavailable
  /// (kBlobDamaged, kBlobMissing) if its bytes are lost.
  virtual Result<UniqueFd> open(const Digest& digest) = 0;
  /// Whether the file that open() gave still has its bytes. A file whose state has changed, by a
  /// touch if nothing else, is hashed again if this `mayRead`, which takes its time; else the
  /// answer is no.
  virtual bool isIntact(int /*fd*/, const Digest&, bool /*mayRead*/) { return true; }
  /// Whether open() answers without reading much. Always right to say yes where it does not matter.
  virtual bool isOpenedAtOnce(const Digest&) { return true; }
};

}  // namespace planwright

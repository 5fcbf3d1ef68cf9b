#pragma once

#include "artifacts/blob_store.h"

namespace planwright {

/// Where blobs over kSmallBlobBytes live: a folder (FolderBlobs). [any thread]
class LargeBlobs {
 public:
  virtual ~LargeBlobs() = default;
  /// Reads `fd` to its end while hashing; small content comes back in `content` and is not stored
  /// here. BlobStore says what `check`, the limit and the errors mean.
  virtual Result<StagedBlob> stage(int fd, std::int64_t limitBytes, const ReadCheck& check) = 0;
  Result<StagedBlob> stage(int fd, std::int64_t limitBytes) { return stage(fd, limitBytes, {}); }
  virtual StagedBlob stageBytes(std::string_view bytes) = 0;
  /// Its bytes have been hashed. NotFound if no such blob is here; Unavailable (kBlobDamaged)
  /// if it has other bytes.
  virtual Result<UniqueFd> open(const Digest& digest) = 0;
  /// The size of its file, whatever is in it; nullopt if there is none. Does not read it.
  virtual std::optional<std::int64_t> storedBytes(const Digest& digest) = 0;
  /// As BlobStore says.
  virtual bool isIntact(int fd, const Digest& digest, bool mayRead) = 0;
  virtual bool isOpenedAtOnce(const Digest& digest) = 0;
};

}  // namespace planwright

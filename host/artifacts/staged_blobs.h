#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "artifacts/blob_store.h"
#include "base/guarded.h"

namespace planwright {

/// The blobs that one call of a stage stores. They get their rows with its result, so until then
/// only the call itself can read the small ones. [any thread]
class StagedBlobs {
 public:
  /// `limitBytes`: of each.
  StagedBlobs(BlobStore& store, std::int64_t limitBytes) : store_(store), limitBytes_(limitBytes) {}

  /// As BlobStore::stage().
  Result<Digest> put(int fd, const ReadCheck& check);
  /// One that somebody else has staged for the call.
  void keep(StagedBlob blob);
  /// One of these, or one that the store has.
  Result<UniqueFd> open(const Digest& digest);
  std::optional<StagedBlob> find(const Digest& digest);
  /// Each once, in the order of their digests.
  std::vector<StagedBlob> takeAll();

 private:
  BlobStore& store_;
  const std::int64_t limitBytes_;
  Guarded<std::map<Digest, StagedBlob>> staged_;
};

}  // namespace planwright

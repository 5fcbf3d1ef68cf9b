#pragma once

#include <vector>

#include "artifacts/blob_store.h"
#include "artifacts/large_blobs.h"
#include "store/database.h"

namespace planwright {

/// The blob store of a host: small content in the `blobs` table, the rest in a folder or S3.
/// Staging writes no row; whoever needs the blob records it in its own transaction. [any thread]
class Blobs final : public BlobStore {
 public:
  Blobs(Database& database, LargeBlobs& large) : database_(database), large_(large) {}

  Result<StagedBlob> stage(int fd, std::int64_t limitBytes, const ReadCheck& check) override;
  using BlobStore::stage;
  StagedBlob stageBytes(std::string_view bytes) override;
  Result<UniqueFd> open(const Digest& digest) override;

  /// Rows for these, on the caller's connection and in its transaction.
  static void record(Connection& connection, const std::vector<StagedBlob>& blobs);

 private:
  Database& database_;
  LargeBlobs& large_;
};

}  // namespace planwright

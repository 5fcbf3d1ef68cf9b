#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "artifacts/blob_store.h"
#include "artifacts/large_blobs.h"
#include "base/metrics.h"
#include "store/database.h"

namespace planwright {

/// The blob store of a host: small content in the `blobs` table, the rest in a folder.
/// Staging writes no row; whoever needs the blob records it in its own transaction. Bytes that are
/// lost are noted in the blob's row, once, with an event; who stages them again brings them back.
/// [any thread]
class Blobs final : public BlobStore {
 public:
  Blobs(Database& database, LargeBlobs& large, Metrics& metrics)
      : database_(database),
        large_(large),
        metrics_(metrics) {}

  Result<StagedBlob> stage(int fd, std::int64_t limitBytes, const ReadCheck& check) override;
  using BlobStore::stage;
  StagedBlob stageBytes(std::string_view bytes) override;
  Result<UniqueFd> open(const Digest& digest) override;
  bool isIntact(int fd, const Digest& digest, bool mayRead) override {
    return large_.isIntact(fd, digest, mayRead);
  }
  bool isOpenedAtOnce(const Digest& digest) override { return large_.isOpenedAtOnce(digest); }

  /// Rows for these, on the caller's connection and in its transaction.
  static void record(Connection& connection, const std::vector<StagedBlob>& blobs);

 private:
  Result<UniqueFd> read(const Digest& digest, const std::optional<std::string>& content);
  void note(const Digest& digest, const Error* loss);

  Database& database_;
  LargeBlobs& large_;
  Metrics& metrics_;
};

}  // namespace planwright

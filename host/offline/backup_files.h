#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "base/digest.h"
#include "base/result.h"

namespace planwright {

/// The major version of Postgres in a server_version_num: 150004 is 15.4.
constexpr int postgresMajor(std::int64_t serverVersion) {
  return static_cast<int>(serverVersion / 10'000);
}

/// What backup.json says.
struct BackupInfo {
  static constexpr int kFormat = 1;
  int format = kFormat;
  std::string program;  ///< version
  std::string schema;   ///< the last migration
  int serverMajor = 0;  ///< of the Postgres it was dumped from
  std::int64_t blobs = 0, bytes = 0;
  std::string rowsDigest;
  std::string madeAt;        ///< RFC 3339
  std::int64_t plugins = 0;  ///< installed ones
  std::string keyId;         ///< of the public half of the signing key; empty: there was none
  std::string keyKeptIn;     ///< where it was kept, so that it is not in the backup; else empty

  std::string json() const;
  /// Invalid says what is missing.
  static Result<BackupInfo> read(const std::filesystem::path& folder);
};

/// The digest of what the file holds. Throws if it cannot be read.
Digest digestOfFile(const std::filesystem::path& file);

/// Copies, syncs, and gives the digest of what was copied.
Digest copyFile(int from, const std::filesystem::path& to);

std::filesystem::path blobIn(const std::filesystem::path& folder, const Digest& digest);

/// Every blob of a backup.
void forEachBlob(const std::filesystem::path& folder,
                 const std::function<void(const Digest&, const std::filesystem::path&)>& visit);

}  // namespace planwright

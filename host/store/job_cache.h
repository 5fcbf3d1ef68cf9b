#pragma once

#include <chrono>
#include <string>
#include <unordered_map>
#include <vector>

#include "artifacts/blob_store.h"
#include "store/database.h"

namespace planwright {

/// The result of a job, kept under its key.
struct CacheEntry {
  std::string key;
  std::string queue;
  std::string name;
  std::string partsJson;
  bool isGood = true;  ///< false: how it failed, for a while
  std::string failureClass;
  int exitCode = -1;
  std::string error;
  std::string outputsJson = "[]";
  std::int64_t plan = 0;
  std::int64_t job = 0;
  bool isSealed = false;               ///< that job was (JobChange)
  std::chrono::milliseconds lasts{0};  ///< of a failure
};

/// What the cache has under a key, and whether it can be used.
struct CacheAnswer {
  CacheEntry entry;
  std::string lost;            ///< names of outputs whose bytes are gone; empty = all are there
  std::vector<Digest> unread;  ///< large ones whose bytes nobody has looked at yet
};

/// The table of results of jobs. On the caller's connection; throws Unavailable.
class JobCache {
 public:
  JobCache(Connection& connection, BlobStore& blobs) : connection_(connection), blobs_(blobs) {}

  /// By key. Every output is looked for, but no large file is read.
  std::unordered_map<std::string, CacheAnswer> find(const std::vector<std::string>& keys);
  /// By job name, the parts of its latest keys, as JSON.
  std::unordered_map<std::string, std::vector<std::string>> latest(
      const std::string& queue, const std::vector<std::string>& names);
  /// Must run in the same transaction as the ends of the jobs that the entries come from.
  void record(const std::vector<CacheEntry>& entries);
  /// Which of these blobs do not exist any more. Reads large files that nobody has read.
  std::vector<std::string> lost(const std::vector<std::string>& digests);

 private:
  using Known = std::unordered_map<std::string, bool>;
  /// Those that have a row, and whether their bytes have to be looked at.
  Known known(const std::vector<std::string>& digests);
  bool isLost(const std::string& digest, const Known& known) const;

  Connection& connection_;
  BlobStore& blobs_;
};

}  // namespace planwright

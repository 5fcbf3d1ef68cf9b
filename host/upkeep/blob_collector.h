#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "artifacts/folder_blobs.h"
#include "base/metrics.h"
#include "store/database.h"

namespace planwright {

/// Deletes blobs that no row reaches, and files that no row knows. What somebody may be about to
/// need is told by two rules:
///   rows   are doomed first and deleted when they are still doomed and still unreached a grace
///          later; whoever needs a blob again clears the doom in its own transaction (0001_schema)
///   files  without a row go when nobody has staged them for a grace: staging touches what is there
/// So the grace must be longer than a result may wait between staging and its commit; jobs that
/// store blobs while they run count from then. One thread, one host at a time.
class BlobCollector {
 public:
  struct Parts {
    Connection& connection;
    FolderBlobs& folder;
    std::chrono::milliseconds grace;
    Metrics& metrics;
  };
  explicit BlobCollector(const Parts& parts) : parts_(parts) {}

  struct Collected {
    std::int64_t doomed = 0;            ///< now known to be unreached
    std::int64_t blobs = 0, bytes = 0;  ///< rows deleted
    std::int64_t files = 0;             ///< files of large blobs deleted
    std::int64_t logs = 0;              ///< logs of attempts that are gone
  };
  /// One round. Throws Unavailable when Postgres is away; what is done by then stays done.
  Collected collect(const std::stop_token& stop);

  /// What is unreached now, and what of it the next round would delete.
  struct Unreached {
    std::int64_t blobs = 0, bytes = 0;
    std::int64_t dueBlobs = 0, dueBytes = 0;
    std::int64_t dueFiles = 0;  ///< without a row
  };
  Unreached look(const std::stop_token& stop);

  struct User {
    std::string kind;  ///< input, plan, manifest (of a build), job
    std::int64_t id = 0;
    friend bool operator==(const User&, const User&) = default;
  };
  struct Explanation {
    bool isKnown = false;
    std::int64_t sizeBytes = 0;
    bool isLarge = false;
    std::string doomedSince;  ///< RFC 3339, or empty
    std::vector<User> users;  ///< the first 100
  };
  /// Who reaches it. A blob without users goes after the grace.
  Explanation explain(const Digest& digest);

 private:
  std::vector<Digest> filesWithoutRow(int part, std::filesystem::file_time_type since);
  bool collectRows(Collected& done);
  void collectFiles(const std::stop_token& stop, Collected& done);
  void collectLogs(const std::stop_token& stop, Collected& done);
  std::string graceSeconds() const;

  const Parts parts_;
};

}  // namespace planwright

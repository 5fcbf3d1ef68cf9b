#pragma once

#include <deque>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "artifacts/blob_store.h"
#include "base/guarded.h"
#include "building/cached_results.h"

namespace planwright {

/// Hashes large results that the cache has, on a thread of its own ("pw-build-r"), so that the
/// build loop need not wait for a disk. Owned by the BuildStage. [any thread]
class BlobReads {
 public:
  /// `done` is told of each place when its bytes are read, whatever they are. [pw-build-r]
  BlobReads(BlobStore& blobs, std::function<void(const JobPlace&)> done);
  void add(std::vector<UnreadResult> results);

 private:
  void run(const std::stop_token& stop);

  BlobStore& blobs_;
  const std::function<void(const JobPlace&)> done_;
  Guarded<std::deque<UnreadResult>> waiting_;
  std::jthread thread_;
};

}  // namespace planwright

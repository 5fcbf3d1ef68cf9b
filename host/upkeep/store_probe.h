#pragma once

#include <chrono>
#include <string>
#include <thread>

#include "artifacts/folder_blobs.h"
#include "base/guarded.h"

namespace planwright {

/// Whether the blob folder can be written to and has room: tries it every second. A file system
/// that hangs holds up this thread only (pw-store). [any thread]
class StoreProbe {
 public:
  explicit StoreProbe(const FolderBlobs& folder) : folder_(folder) {}
  ~StoreProbe() { thread_ = {}; }
  StoreProbe(const StoreProbe&) = delete;
  StoreProbe& operator=(const StoreProbe&) = delete;

  void start();
  /// One look.
  void step();
  /// Why nothing can be stored now, or "".
  std::string problem() const;

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Verdict {
    std::string problem;
    Time began{};  ///< of the look that is under way
    bool isLooking = false;
  };
  std::string look() const;

  const FolderBlobs& folder_;
  mutable Guarded<Verdict> verdict_;
  std::jthread thread_;
};

}  // namespace planwright

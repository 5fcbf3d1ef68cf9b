#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "base/guarded.h"
#include "base/scratch_folder.h"

namespace planwright {

/// Home and temporary folder for each program that a plugin runs; a few are kept empty for the
/// next. [any thread]
class PrivateFolders {
 public:
  /// Below `parent`, or the system's temp folder if that is empty.
  explicit PrivateFolders(std::filesystem::path parent) : parent_(std::move(parent)) {}

  /// A folder for this scope. Throws std::system_error if none can be made.
  class Lease {
   public:
    explicit Lease(PrivateFolders& folders) : folders_(folders), folder_(folders.take()) {}
    ~Lease() {
      if (folder_.clear()) folders_.giveBack(std::move(folder_));
    }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    const std::filesystem::path& path() const { return folder_.path(); }

   private:
    PrivateFolders& folders_;
    ScratchFolder folder_;
  };

 private:
  static constexpr std::size_t kMostIdle = 16;

  ScratchFolder take() {
    auto idle = idle_.lock();
    if (idle->empty()) return ScratchFolder::below(parent_);
    ScratchFolder folder = std::move(idle->back());
    idle->pop_back();
    return folder;
  }
  void giveBack(ScratchFolder folder) {
    auto idle = idle_.lock();
    if (idle->size() < kMostIdle) idle->push_back(std::move(folder));
  }

  const std::filesystem::path parent_;
  Guarded<std::vector<ScratchFolder>> idle_;
};

}  // namespace planwright

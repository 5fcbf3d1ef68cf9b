#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "artifacts/blob_store.h"
#include "base/result.h"
#include "base/scratch_folder.h"
#include "building/job_task.h"

namespace planwright {

/// A private folder, used by one job at a time. It gets the declared inputs, the declared outputs
/// are read from it, and it is emptied before the next job. Each job thread has one.
class WorkFolder {
 public:
  explicit WorkFolder(std::filesystem::path path)
      : scratch_(ScratchFolder::at(path, 0700)),
        path_(std::move(path)) {}
  /// A folder for a job that another engine runs. It outlives this object, and perhaps the host. If
  /// it `isNew`, it is made and emptied.
  static WorkFolder lasting(std::filesystem::path path, bool isNew);

  /// Empties the folder. False: that failed, and another folder must be made.
  bool clear() { return scratch_->clear(); }
  const std::filesystem::path& path() const { return path_; }

  /// Puts every input in place. NotFound or Unavailable: the bytes of one are gone, on purpose or
  /// by accident; the pointer names the job that made it.
  Result<void> fill(const JobTask& task, BlobStore& blobs);

  struct Collected {
    std::vector<JobOutput> outputs;
    std::vector<StagedBlob> blobs;
  };
  /// Stores every regular file that matches one of the globs. Invalid: a glob matched nothing or
  /// only folders, or a match is a link, a device or has a name that is not UTF-8. TooLarge: they
  /// add up to more than `limitBytes`; what is beyond is not even read.
  Result<Collected> collect(const std::vector<std::string>& globs, BlobStore& blobs,
                            std::optional<std::int64_t> limitBytes = {});

 private:
  WorkFolder() = default;

  std::optional<ScratchFolder> scratch_;  ///< none: it lasts
  std::filesystem::path path_;
};

}  // namespace planwright

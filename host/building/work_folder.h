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

/// The private folder of one job at a time: filled with the declared inputs, asked for the declared
/// outputs, emptied before the next job. Each job thread keeps one. One thread.
class WorkFolder {
 public:
  explicit WorkFolder(std::filesystem::path path)
      : folder_(ScratchFolder::at(std::move(path), 0755)) {}

  /// Removes all that is in it. False: make another folder.
  bool clear() { return folder_.clear(); }
  const std::filesystem::path& path() const { return folder_.path(); }

  /// Puts every input in place. NotFound: a blob is gone; its pointer names the job that made it.
  Result<void> fill(const JobTask& task, BlobStore& blobs);

  struct Collected {
    std::vector<JobOutput> outputs;
    std::vector<StagedBlob> blobs;
  };
  /// Stores every regular file that matches one of the globs. Invalid: a glob matched nothing, or a
  /// match is a link, a device or has a name that is not UTF-8. TooLarge: they add up to more than
  /// `limitBytes`; what is beyond is not even read.
  Result<Collected> collect(const std::vector<std::string>& globs, BlobStore& blobs,
                            std::optional<std::int64_t> limitBytes = {});

 private:
  ScratchFolder folder_;
};

}  // namespace planwright

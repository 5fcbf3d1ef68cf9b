#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "artifacts/blob_store.h"
#include "base/result.h"
#include "building/job_task.h"

namespace planwright {

/// The private folder of one attempt: made empty, filled with the declared inputs, emptied of the
/// declared outputs, removed with everything in it by the destructor. One thread.
class WorkFolder {
 public:
  explicit WorkFolder(std::filesystem::path path);
  ~WorkFolder();
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

  /// Puts every input in place. NotFound: a blob is gone.
  Result<void> fill(const JobTask& task, BlobStore& blobs);

  struct Collected {
    std::vector<JobOutput> outputs;
    std::vector<StagedBlob> blobs;
  };
  /// Stores every regular file that matches one of the globs. Invalid: a glob matched nothing, or a
  /// match is a link, a device or has a name that is not UTF-8.
  Result<Collected> collect(const std::vector<std::string>& globs, BlobStore& blobs);

 private:
  std::filesystem::path path_;
};

}  // namespace planwright

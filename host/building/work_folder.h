#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "artifacts/blob_store.h"
#include "base/result.h"
#include "building/job_task.h"

namespace planwright {

/// The private folder of one job at a time: filled with the declared inputs, asked for the declared
/// outputs, emptied before the next job. Each job thread keeps one: making and removing a folder
/// waits for the file system's journal, which the commits of the database keep busy. One thread.
class WorkFolder {
 public:
  explicit WorkFolder(std::filesystem::path path);
  ~WorkFolder();
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;

  /// Removes all that is in it. False: something cannot be removed; make another folder.
  bool clear();
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

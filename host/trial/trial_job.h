#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "stages/stage.h"

namespace planwright {

/// A job out of a plan document, made ready for a builder without a server.
struct TrialJob {
  StageJob job;
  std::vector<std::string> outputGlobs;

  /// `json` is a plan document, or one job of it. `name` chooses the job; empty = the only one.
  /// Fills the folder `workdir` with its inputs: texts are written, what other jobs or blobs would
  /// give is copied from the same path below `files`. Invalid names what is wrong.
  static Result<TrialJob> prepare(std::string_view json, const std::string& name,
                                  const std::filesystem::path& workdir,
                                  const std::filesystem::path& files);

  struct Output {
    std::string path;
    std::uintmax_t sizeBytes = 0;
  };
  /// The files that the job's globs name. Failed: a glob matches nothing.
  Result<std::vector<Output>> outputs() const;
};

}  // namespace planwright

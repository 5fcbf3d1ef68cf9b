#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/guarded.h"
#include "base/program.h"
#include "base/result.h"
#include "stages/library.h"
#include "stages/manifest.h"

namespace planwright {

/// One version of a plugin: what its manifest says, and its copy in the store. Its code comes into
/// this process only once something is to run here, and then stays. Shared by all generations of
/// plugins that have it. [any thread]
class StoredPlugin {
 public:
  StoredPlugin(Manifest says, std::string digestOfFile, std::filesystem::path copy,
               Programs& programs, std::filesystem::path workFolder)
      : manifest(std::move(says)),
        digest(std::move(digestOfFile)),
        file(std::move(copy)),
        programs_(programs),
        workFolder_(std::move(workFolder)) {}

  const Manifest manifest;
  const std::string digest;
  const std::filesystem::path file;

  /// Loads it into this process unless it is there. Errors as Library::load.
  Result<std::shared_ptr<Library>> library() {
    auto library = library_.lock();
    if (*library) return *library;
    auto loaded = Library::load(file, manifest, programs_, workFolder_);
    if (loaded) *library = *loaded;
    return loaded;
  }

 private:
  Programs& programs_;
  const std::filesystem::path workFolder_;
  Guarded<std::shared_ptr<Library>> library_;
};

}  // namespace planwright

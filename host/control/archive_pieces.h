#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "artifacts/archive_writer.h"
#include "artifacts/build_manifest.h"
#include "control/content.h"

namespace planwright {

/// The artifacts of a build as an archive, piece by piece: one file is open at a time, and memory
/// is one piece. Throws as ArchiveWriter, what `open` throws, and when a file was written while it
/// was read. One thread at a time.
class ArchivePieces {
 public:
  /// Gives the bytes of an artifact.
  using Open = std::function<Content(const Artifact&)>;
  ArchivePieces(ArchiveFormat format, std::int64_t fileTime, std::vector<Artifact> artifacts,
                Open open);

  std::optional<std::string> next();

 private:
  void step();

  const std::vector<Artifact> artifacts_;
  const Open open_;
  std::size_t at_ = 0;              ///< the artifact that is written
  std::optional<Content> content_;  ///< of it, once it is begun
  bool isFinished_ = false;
  std::string made_;
  ArchiveWriter writer_;
};

}  // namespace planwright

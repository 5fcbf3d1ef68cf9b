#include "control/archive_pieces.h"

#include <stdexcept>
#include <utility>

#include "base/files.h"

namespace planwright {

ArchivePieces::ArchivePieces(ArchiveFormat format, std::int64_t fileTime,
                             std::vector<Artifact> artifacts, Open open)
    : artifacts_(std::move(artifacts)),
      open_(std::move(open)),
      writer_(format, fileTime, [this](std::string_view bytes) { made_.append(bytes); }) {}

std::optional<std::string> ArchivePieces::next() {
  while (made_.size() < kPieceBytes && !isFinished_) step();
  if (made_.empty()) return std::nullopt;
  return std::exchange(made_, {});
}

void ArchivePieces::step() {
  if (content_) {
    const int fd = content_->file.get();
    if (writer_.copy(fd)) return;
    if (content_->isIntact && !content_->isIntact(fd, true))
      throw std::runtime_error(artifacts_[at_].path + " was written while it was read");
    content_.reset();
    ++at_;
    return;
  }
  isFinished_ = at_ == artifacts_.size();
  if (isFinished_) return writer_.finish();
  const Artifact& artifact = artifacts_[at_];
  content_ = open_(artifact);
  writer_.begin(artifact.path, artifact.mode, artifact.sizeBytes);
}

}  // namespace planwright

#include "artifacts/checked_files.h"

#include <cerrno>
#include <chrono>
#include <optional>
#include <system_error>

#include <unistd.h>

#include "base/files.h"

namespace planwright {
namespace {

constexpr std::size_t kMostStates = 100'000;  // about 30 MB

std::int64_t nowNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// nullopt: it cannot be read to its end.
std::optional<Digest> digestOf(int fd) {
  Sha256 hash;
  std::string piece(kPieceBytes, '\0');
  for (off_t at = 0;;) {
    const ssize_t n = ::pread(fd, piece.data(), piece.size(), at);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EIO) return std::nullopt;
    if (n < 0) throw std::system_error(errno, std::generic_category(), "cannot read a blob");
    if (n == 0) return hash.finish();
    hash.update({piece.data(), static_cast<std::size_t>(n)});
    at += n;
  }
}

}  // namespace

bool CheckedFiles::hasDigest(int fd, const Digest& digest) {
  if (isKnown(fd, digest)) return true;
  const std::int64_t begin = nowNs();
  const FileState before = stateOf(fd);
  if (digestOf(fd) != digest) return false;
  // One that is written or touched at this moment is looked at again the next time.
  if (before.changedNs + std::chrono::nanoseconds(kTick).count() < begin && stateOf(fd) == before)
    remember(digest, before);
  return true;
}

void CheckedFiles::touched(int fd, const Digest& digest, const FileState& before) {
  const FileState now = stateOf(fd);
  FileState expected = before;
  expected.modifiedNs = now.modifiedNs;
  expected.changedNs = now.changedNs;
  if (now == expected) remember(digest, now);
}

bool CheckedFiles::isKnown(int fd, const Digest& digest) {
  const FileState now = stateOf(fd);
  auto states = states_.lock();
  const auto at = states->find(digest.text());
  return at != states->end() && at->second == now;
}

void CheckedFiles::remember(const Digest& digest, const FileState& state) {
  auto states = states_.lock();
  if (states->size() >= kMostStates) states->clear();
  states->insert_or_assign(digest.text(), state);
}

}  // namespace planwright

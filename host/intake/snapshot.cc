#include "intake/snapshot.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>

#include "base/open_beneath.h"
#include "base/rights_of.h"
#include "config/watched_folders.h"
#include "intake/read_lease.h"

namespace planwright {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;
constexpr std::int64_t kMostSkewNs = 60 * kSecondNs;  // of the clock of a file server

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

/// Why a name could not be opened; throws if that is our own trouble and not the file's.
std::string whyNotOpened(int error) {
  switch (error) {
    case EXDEV:
      return "it is a symbolic link that leads out of the folder";
    case ELOOP:
      return "its symbolic links lead in a circle";
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOSYS:
      throw std::system_error(error, std::generic_category(), "cannot open files of the folder");
    default:
      return fmt::format("it cannot be read: {}", std::strerror(error));
  }
}

std::string whyNotAFile(mode_t mode) {
  if (S_ISDIR(mode)) return "it is a folder";
  if (S_ISFIFO(mode)) return "it is a fifo (named pipe), not a regular file";
  if (S_ISSOCK(mode)) return "it is a socket, not a regular file";
  return "it is a device, not a regular file";
}

Sighting sightingOf(const struct stat& status) {
  if (S_ISREG(status.st_mode)) return {Sighting::Kind::File, StatSignature::of(status), {}};
  return {Sighting::Kind::Refused, StatSignature::of(status), whyNotAFile(status.st_mode)};
}

/// A link is what it leads to, as long as that stays in the folder.
Sighting lookThroughLink(int folder, const std::string& name, const struct stat& link) {
  const UniqueFd fd(openBeneath(folder, name, O_PATH, Links::Follow));
  if (!fd) {
    const int error = errno;
    return {Sighting::Kind::Refused, StatSignature::of(link),
            error == ENOENT ? "it is a symbolic link to nothing" : whyNotOpened(error)};
  }
  struct stat target {};
  if (::fstat(fd.get(), &target) != 0) fail("stat " + name);
  return sightingOf(target);
}

/// A later write could leave the same times if these are from the current tick of the file system's
/// clock (up to 10 ms; 1 or 2 s on old ones, whose times are whole seconds). Git's index knows this
/// as "racily clean". Such a signature must not be used to skip the file.
bool isTooYoung(const StatSignature& signature) {
  struct timespec now {};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  const bool wholeSeconds =
      signature.mtimeNs % kSecondNs == 0 && signature.ctimeNs % kSecondNs == 0;
  const std::int64_t tickNs = wholeSeconds ? 2 * kSecondNs + kSecondNs / 10 : kSecondNs / 50;
  const std::int64_t nowNs = now.tv_sec * kSecondNs + now.tv_nsec;
  // A time far ahead is not one that a write of now would leave: somebody set it, or the clock.
  const auto isNear = [&](std::int64_t timeNs) {
    return nowNs - timeNs < tickNs && timeNs - nowNs < kMostSkewNs;
  };
  return isNear(signature.mtimeNs) || isNear(signature.ctimeNs);
}

/// tmpfs and ramfs do not change a file's times when it is written through a mapping whose pages
/// were read before (measured on 6.x; ext4 does), so the times say nothing there.
bool isInMemory(int fd) {
  struct statfs info {};
  return ::fstatfs(fd, &info) == 0 && (info.f_type == 0x01021994 || info.f_type == 0x858458f6);
}

StatSignature signatureOf(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) fail("stat of an open file");
  return StatSignature::of(status);
}

Snapshot ended(Snapshot::Outcome outcome, std::string reason = {}) {
  Snapshot snapshot;
  snapshot.outcome = outcome;
  snapshot.reason = std::move(reason);
  return snapshot;
}

}  // namespace

UniqueFd Snapshots::openFolder(const std::string& path,
                               const std::vector<std::filesystem::path>& roots) const {
  UniqueFd fd = [&] {
    const RightsOf rights(user_);
    return UniqueFd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  }();
  if (!fd || roots.empty()) return fd;
  std::error_code error;  // of the descriptor: the path may lead elsewhere at any time
  const auto place =
      std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd.get()), error);
  const bool isInside = std::any_of(roots.begin(), roots.end(), [&](const auto& root) {
    return isWithin(place, std::filesystem::weakly_canonical(root, error));
  });
  if (isInside) return fd;
  struct stat info {};
  const bool isGone = ::fstat(fd.get(), &info) != 0 || info.st_nlink == 0;
  fd.reset();
  errno = isGone ? ENOENT : EXDEV;
  return fd;
}

Sighting Snapshots::look(int folder, const std::string& name) const {
  const RightsOf rights(user_);
  struct stat status {};
  if (::fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return {};
    return {Sighting::Kind::Refused, {}, whyNotOpened(errno)};
  }
  if (S_ISLNK(status.st_mode)) return lookThroughLink(folder, name, status);
  return sightingOf(status);
}

Snapshot Snapshots::take(int folder, const std::string& name, const StatSignature& expected,
                         const std::function<bool()>& stopped) const {
  using Outcome = Snapshot::Outcome;
  // Non-blocking: should the name have become a fifo by now, nobody waits for its writer.
  const UniqueFd fd = [&] {
    const RightsOf rights(user_);
    return openBeneath(folder, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, Links::Follow);
  }();
  if (!fd) {
    const int error = errno;
    if (error == ENOENT || error == ENOTDIR) return ended(Outcome::Gone);
    if (error == EAGAIN) return ended(Outcome::Busy);  // somebody's write lease
    if (error == EACCES && user_ != ::geteuid())
      return ended(Outcome::Refused,
                   "it is closed to the user that its source runs as; run chmod o+r on it, or "
                   "write worker_sandbox: {profile: none} at the source, and sandbox: none as well "
                   "if it is a program (exec:)");
    return ended(Outcome::Refused, whyNotOpened(error));
  }
  ReadLease lease(fd.get());
  if (lease.state() == ReadLease::State::Busy) return ended(Outcome::Busy);
  const bool hadLease = lease.state() == ReadLease::State::Held;
  if (signatureOf(fd.get()) != expected) return ended(Outcome::Changed);
  if (expected.sizeBytes > maxBytes_) {
    return ended(Outcome::Refused, fmt::format("its {} bytes are more than max_bytes ({})",
                                               expected.sizeBytes, maxBytes_));
  }

  Outcome verdict = Outcome::Taken;
  bool isKnowable = false;
  const ReadCheck check = [&](bool atEnd) {
    if (hadLease && !lease.isUnbroken()) verdict = Outcome::Busy;
    if (!atEnd && stopped && stopped()) verdict = Outcome::Stopped;
    if (atEnd && verdict == Outcome::Taken && signatureOf(fd.get()) != expected) {
      verdict = Outcome::Changed;
    }
    isKnowable = atEnd && !isTooYoung(expected) &&
                 !isInMemory(fd.get());  // asked while nobody can write yet
    // All bytes are read: nobody has to wait while they are synced.
    if (atEnd || verdict != Outcome::Taken) lease.release();
    return verdict == Outcome::Taken;
  };
  Result<StagedBlob> staged = blobs_.stage(fd.get(), maxBytes_, check);
  if (!staged && verdict != Outcome::Taken) return ended(verdict);
  if (!staged) return ended(Outcome::Refused, staged.error().message);
  Snapshot snapshot = ended(Outcome::Taken);
  snapshot.blob = std::move(*staged);
  snapshot.hadLease = hadLease;
  if (isKnowable) snapshot.signature = expected;
  return snapshot;
}

}  // namespace planwright

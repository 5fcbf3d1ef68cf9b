#include "artifacts/folder_blobs.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <random>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "base/failpoints.h"
#include "base/files.h"
#include "base/log.h"

namespace planwright {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kWritebackBytes = 8 << 20;
constexpr auto kTempLife = std::chrono::hours(24);

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

/// At most `buffer.size()` bytes, fewer only at the end of the file.
std::size_t readPiece(int fd, std::vector<char>& buffer) {
  std::size_t filled = 0;
  while (filled < buffer.size()) {
    const ssize_t n = ::read(fd, buffer.data() + filled, buffer.size() - filled);
    if (n == 0) break;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("cannot read the bytes of a blob");
    filled += static_cast<std::size_t>(n);
  }
  return filled;
}

Error tooLarge(std::int64_t limitBytes) {
  return {
      ErrorKind::TooLarge, fmt::format("larger than the limit of {} bytes", limitBytes), {}, {}};
}

Error readStopped() {
  return {ErrorKind::Conflict, "reading was stopped before the end", "read-stopped", {}};
}

void syncFolder(const fs::path& folder) {
  const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || ::fsync(fd.get()) != 0) fail("cannot sync the folder " + folder.string());
}

std::string randomName() {
  thread_local std::mt19937_64 random{std::random_device{}()};
  return fmt::format("{:016x}{:016x}", random(), random());
}

/// A file below tmp/ that is gone at the end of the scope, unless it was renamed.
class TempFile {
 public:
  explicit TempFile(const fs::path& folder)
      : path_(folder / randomName()),
        fd_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400)) {
    if (!fd_) fail("cannot write " + path_.string());
  }
  TempFile(const TempFile&) = delete;
  TempFile& operator=(const TempFile&) = delete;
  ~TempFile() { ::unlink(path_.c_str()); }

  const fs::path& path() const { return path_; }
  int fd() const { return fd_.get(); }

  void append(std::string_view bytes) {
    writeAll(fd_.get(), bytes);
    writtenBytes_ += static_cast<std::int64_t>(bytes.size());
    if (writtenBytes_ - flushedBytes_ < kWritebackBytes) return;
    // The disk starts while we still hash, so that the sync at the end finds little left to do.
    ::sync_file_range(fd_.get(), flushedBytes_, writtenBytes_ - flushedBytes_,
                      SYNC_FILE_RANGE_WRITE);
    flushedBytes_ = writtenBytes_;
  }

 private:
  const fs::path path_;
  const UniqueFd fd_;
  std::int64_t writtenBytes_ = 0;
  std::int64_t flushedBytes_ = 0;
};

}  // namespace

Result<std::unique_ptr<FolderBlobs>> FolderBlobs::open(const fs::path& root,
                                                       const std::string& storeId) {
  try {
    std::unique_ptr<FolderBlobs> blobs(new FolderBlobs(fs::absolute(root)));
    blobs->makeFolders();
    const Result<void> claimed = blobs->claim(storeId);
    if (!claimed) return claimed.error();
    blobs->dropOldTempFiles();
    return blobs;
  } catch (const std::system_error& e) {
    return invalid(
        fmt::format("The blob folder {} cannot be used: {}.", root.string(), e.code().message()));
  }
}

void FolderBlobs::makeFolders() {
  struct stat info {};
  if (::stat(root_.c_str(), &info) == 0 && (info.st_mode & S_IWGRP) != 0) {
    folderMode_ = (info.st_mode & 02000) | 0770;
    fileMode_ = 0440;
  }
  makeFolder(root_, folderMode_);
  for (const char* part : {"sha256", "tmp", "logs", "trash", "damaged"})
    makeFolder(root_ / part, folderMode_);
}

/// link() decides when two hosts come at the same time: the first marker stays, the other is
/// compared.
Result<void> FolderBlobs::claim(const std::string& storeId) {
  const fs::path marker = root_ / "store.id";
  if (!fs::exists(marker)) {
    TempFile temp(root_ / "tmp");
    temp.append(storeId + "\n");
    ::fchmod(temp.fd(), fileMode_);
    if (::fsync(temp.fd()) != 0) fail("fsync");
    if (::link(temp.path().c_str(), marker.c_str()) != 0 && errno != EEXIST) fail("link");
    syncFolder(root_);
  }
  std::string found = readFile(marker, 4096);
  found.erase(found.find_last_not_of(" \n") + 1);
  if (found == storeId) return {};
  return conflict(
      fmt::format("The blob folder {} belongs to another planwright store ({}; this one is {}). "
                  "Use another folder, or the database that goes with it.",
                  root_.string(), found, storeId),
      "foreign-blob-folder");
}

void FolderBlobs::dropOldTempFiles() const {
  const auto oldest = fs::file_time_type::clock::now() - kTempLife;
  std::error_code ignored;  // another host may be cleaning up as well
  for (const auto& entry : fs::directory_iterator(root_ / "tmp")) {
    const auto written = entry.last_write_time(ignored);
    if (!ignored && written < oldest) fs::remove(entry.path(), ignored);
  }
}

void FolderBlobs::tryWrite() const {
  static const std::string bytes(4096, '.');
  TempFile temp(root_ / "tmp");
  temp.append(bytes);
}

Result<StagedBlob> FolderBlobs::stage(int fd, std::int64_t limitBytes, const ReadCheck& check) {
  std::vector<char> buffer(kSmallBlobBytes + 1);
  std::size_t filled = readPiece(fd, buffer);
  StagedBlob blob;
  blob.sizeBytes = static_cast<std::int64_t>(filled);
  if (blob.sizeBytes > limitBytes) return tooLarge(limitBytes);
  if (blob.sizeBytes <= kSmallBlobBytes) {
    blob.content.emplace(buffer.data(), filled);
    blob.digest = Digest::of(*blob.content);
    if (check && !check(true)) return readStopped();
    return blob;
  }

  TempFile temp(root_ / "tmp");
  Sha256 hash;
  for (;;) {
    const std::string_view piece(buffer.data(), filled);
    hash.update(piece);
    temp.append(piece);
    const bool isFirst = buffer.size() < kPieceBytes;
    const bool isLast = !isFirst && filled < buffer.size();
    if (isFirst) buffer.resize(kPieceBytes);
    if (check && !check(isLast)) return readStopped();
    if (isLast) break;
    filled = readPiece(fd, buffer);
    blob.sizeBytes += static_cast<std::int64_t>(filled);
    if (blob.sizeBytes > limitBytes) return tooLarge(limitBytes);
  }
  blob.digest = hash.finish();
  publish(temp.path(), temp.fd(), blob.digest);
  return blob;
}

StagedBlob FolderBlobs::stageBytes(std::string_view bytes) {
  StagedBlob blob{Digest::of(bytes), static_cast<std::int64_t>(bytes.size()), std::nullopt};
  if (blob.sizeBytes <= kSmallBlobBytes) {
    blob.content.emplace(bytes);
    return blob;
  }
  if (reuse(blob.digest)) return blob;
  TempFile temp(root_ / "tmp");
  temp.append(bytes);
  publish(temp.path(), temp.fd(), blob.digest);
  return blob;
}

/// True if the bytes are here already, and right. They are touched, so that a cleaner which goes by
/// age leaves them alone, and their folder is synced: their writer, maybe on another host, may not
/// have come to that.
bool FolderBlobs::reuse(const Digest& digest) {
  const fs::path path = pathOf(digest);
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  // Another user's file that cannot be touched might be discarded: ours replaces it.
  const auto isAnothers = [] { return errno == EACCES || errno == EPERM; };
  if (!fd && (errno == ENOENT || isAnothers())) return false;
  if (!fd) fail("cannot open " + path.string());
  const FileState before = stateOf(fd.get());
  if (!checked_.hasDigest(fd.get(), digest)) {
    setAside(digest, fd.get());
    return false;
  }
  if (::utimensat(AT_FDCWD, path.c_str(), nullptr, 0) != 0) {
    if (errno == ENOENT || isAnothers()) return false;
    fail("cannot touch " + path.string());
  }
  checked_.touched(fd.get(), digest, before);
  // A discard() that had moved the file aside as it was found may have looked at its time before it
  // was touched. One that moves it aside from now on sees the touch.
  if (::access(path.c_str(), F_OK) != 0) return false;
  syncFolder(path.parent_path());
  return true;
}

/// Gives the temp file its name for good.
void FolderBlobs::publish(const fs::path& temp, int fd, const Digest& digest) {
  if (reuse(digest)) return;
  const fs::path target = pathOf(digest);
  ::fchmod(fd, fileMode_);  // whatever the umask
  if (::fsync(fd) != 0) fail("cannot sync " + temp.string());
  if (fs::create_directory(target.parent_path())) {
    makeFolder(target.parent_path(), folderMode_);
    syncFolder(root_ / "sha256");
  }
  failpoint("blob.publish.before");
  if (::rename(temp.c_str(), target.c_str()) != 0) fail("cannot create " + target.string());
  syncFolder(target.parent_path());
  failpoint("blob.publish.after");
}

Result<UniqueFd> FolderBlobs::open(const Digest& digest) {
  constexpr int kTries = 3;  // somebody may just put the right bytes there
  for (int i = 0; i < kTries; ++i) {
    auto fd = find(digest);
    // Twice: a disk on the network may fail for a moment.
    if (!fd || checked_.hasDigest(fd->get(), digest) || checked_.hasDigest(fd->get(), digest))
      return fd;
    if (setAside(digest, fd->get())) break;
  }
  return Error{ErrorKind::Unavailable,
               fmt::format("The bytes of {} are damaged; the file is set aside.", digest.text()),
               std::string(kBlobDamaged),
               {}};
}

bool FolderBlobs::isOpenedAtOnce(const Digest& digest) {
  const auto fd = find(digest);
  return !fd || checked_.isKnown(fd->get(), digest) ||
         stateOf(fd->get()).sizeBytes <= kHashedAtOnceBytes;
}

std::optional<std::int64_t> FolderBlobs::storedBytes(const Digest& digest) {
  const auto fd = find(digest);
  return fd ? std::optional(stateOf(fd->get()).sizeBytes) : std::nullopt;
}

/// The file as it is.
Result<UniqueFd> FolderBlobs::find(const Digest& digest) const {
  if (digest.empty()) return notFound("There is no blob without a digest.");
  const fs::path path = pathOf(digest);
  // It may be in the trash for the moment in which discard() decides.
  for (const fs::path& place : {path, root_ / "trash" / digest.hex(), path}) {
    UniqueFd fd(::open(place.c_str(), O_RDONLY | O_CLOEXEC));
    if (fd) return fd;
    if (errno != ENOENT) fail("cannot open " + place.string());
  }
  return notFound("Blob " + digest.text() + " is not in the folder " + root_.string() + ".");
}

/// Takes the open file, which is damaged, out of everybody's way. False: another file has its name
/// by now.
bool FolderBlobs::setAside(const Digest& digest, int fd) const {
  const fs::path path = pathOf(digest);
  const fs::path aside = root_ / "damaged" / digest.hex();
  const FileState damaged = stateOf(fd);
  const auto isDamagedOne = [&damaged](const fs::path& place) {
    struct stat info {};
    return ::stat(place.c_str(), &info) == 0 && info.st_ino == damaged.inode;
  };
  if (!isDamagedOne(path)) return ::access(path.c_str(), F_OK) != 0;
  if (::rename(path.c_str(), aside.c_str()) != 0) {
    if (errno != ENOENT) fail("cannot set aside " + path.string());
    return true;  // another host did
  }
  if (isDamagedOne(aside)) {
    log::error("damaged blob={} set aside as {}", digest.text(), aside.string());
    return true;
  }
  putBack(aside);  // somebody was quicker, and this is the right one
  return false;
}

fs::file_time_type FolderBlobs::now() const {
  const TempFile stamp(root_ / "tmp");
  return fs::last_write_time(stamp.path());
}

std::vector<Digest> FolderBlobs::untouched(int part, fs::file_time_type since) const {
  std::vector<Digest> found;
  std::error_code gone;
  for (const auto& entry :
       fs::directory_iterator(root_ / "sha256" / fmt::format("{:02x}", part), gone)) {
    const auto digest = Digest::parse("sha256:" + entry.path().filename().string());
    const auto touched = entry.last_write_time(gone);
    if (digest && !gone && touched < since) found.push_back(*digest);
  }
  return found;
}

bool FolderBlobs::discard(const Digest& digest, fs::file_time_type untouchedSince) {
  const fs::path aside = root_ / "trash" / digest.hex();
  failpoint("gc.file.before");
  if (::rename(pathOf(digest).c_str(), aside.c_str()) != 0) {
    if (errno != ENOENT) fail("cannot discard " + pathOf(digest).string());
    return false;
  }
  failpoint("gc.file.after");
  if (fs::last_write_time(aside) < untouchedSince) return ::unlink(aside.c_str()) == 0;
  putBack(aside);
  return false;
}

/// Unless somebody has written it again meanwhile.
void FolderBlobs::putBack(const fs::path& aside) const {
  const fs::path target =
      root_ / "sha256" / aside.filename().string().substr(0, 2) / aside.filename();
  if (::link(aside.c_str(), target.c_str()) != 0 && errno != EEXIST)
    fail("cannot put back " + aside.string());
  ::unlink(aside.c_str());
}

void FolderBlobs::emptyTrash() {
  for (const auto& entry : fs::directory_iterator(root_ / "trash")) putBack(entry.path());
}

fs::path FolderBlobs::pathOf(const Digest& digest) const {
  return root_ / "sha256" / digest.hex().substr(0, 2) / digest.hex();
}

}  // namespace planwright

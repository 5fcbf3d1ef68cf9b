#include "cli/fetch_folder.h"

#include <cerrno>
#include <cstring>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "base/files.h"
#include "cli/client.h"

namespace planwright::cli {
namespace {

[[noreturn]] void fail(const std::string& what) {
  throw CommandFailure(ExitCode::WorkFailed, fmt::format("{}: {}", what, std::strerror(errno)));
}

/// The folder below `parent`, made if needed; never through a link.
UniqueFd enter(int parent, const std::string& name) {
  if (::mkdirat(parent, name.c_str(), 0777) != 0 && errno != EEXIST) fail("cannot make " + name);
  UniqueFd fd(::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (fd) return fd;
  if (errno == ELOOP || errno == ENOTDIR)
    throw CommandFailure(ExitCode::Conflict,
                         name + " is a link or a file where the build needs a folder");
  fail("cannot enter " + name);
}

std::string lastPart(const std::string& path) {
  return path.substr(path.rfind('/') + 1);  // npos + 1 = 0
}

Digest digestOf(int fd) {
  Sha256 hash;
  std::vector<char> piece(256 * 1024);
  for (off_t at = 0;;) {
    const ssize_t n = ::pread(fd, piece.data(), piece.size(), at);
    if (n < 0) fail("cannot read back what was written");
    if (n == 0) return hash.finish();
    hash.update({piece.data(), static_cast<std::size_t>(n)});
    at += n;
  }
}

}  // namespace

FetchFolder::FetchFolder(const std::filesystem::path& path) {
  std::error_code problem;
  std::filesystem::create_directories(path, problem);
  root_.reset(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root_) fail("cannot use the folder " + path.string());
  about_ = enter(root_.get(), kAbout);
  if (::flock(about_.get(), LOCK_EX | LOCK_NB) != 0)
    throw CommandFailure(ExitCode::Conflict, "another fetch fills " + path.string() + " now");
}

UniqueFd FetchFolder::parentOf(const std::string& path) const {
  if (!isSafePath(path) || path.substr(0, path.find('/')) == kAbout)
    throw CommandFailure(ExitCode::NotAllowed, fmt::format("unsafe path \"{}\"", path));
  UniqueFd folder(::fcntl(root_.get(), F_DUPFD_CLOEXEC, 3));
  std::size_t at = 0;
  for (std::size_t slash; (slash = path.find('/', at)) != std::string::npos; at = slash + 1)
    folder = enter(folder.get(), path.substr(at, slash - at));
  return folder;
}

bool FetchFolder::has(const Artifact& artifact) const {
  const UniqueFd folder = parentOf(artifact.path);
  const UniqueFd fd(::openat(folder.get(), lastPart(artifact.path).c_str(),
                             O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat info {};
  if (!fd || ::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) return false;
  return info.st_size == artifact.sizeBytes && digestOf(fd.get()).text() == artifact.digest;
}

FetchFolder::Part FetchFolder::part(const Artifact& artifact) {
  Part part;
  part.name_ = artifact.digest.substr(artifact.digest.find(':') + 1) + ".part";
  part.fd_.reset(::openat(about_.get(), part.name_.c_str(),
                          O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600));
  struct stat info {};
  if (!part.fd_ || ::fstat(part.fd_.get(), &info) != 0) fail("cannot write " + part.name_);
  part.sizeBytes_ = info.st_size;
  if (part.sizeBytes_ > artifact.sizeBytes) part.startOver();
  return part;
}

void FetchFolder::Part::append(std::string_view bytes) {
  writeAll(fd_.get(), bytes);
  sizeBytes_ += static_cast<std::int64_t>(bytes.size());
}

void FetchFolder::Part::startOver() {
  if (::ftruncate(fd_.get(), 0) != 0) fail("cannot empty " + name_);
  sizeBytes_ = 0;
}

bool FetchFolder::publish(Part part, const Artifact& artifact) {
  if (part.sizeBytes_ != artifact.sizeBytes || digestOf(part.fd_.get()).text() != artifact.digest) {
    ::unlinkat(about_.get(), part.name_.c_str(), 0);
    return false;
  }
  const UniqueFd folder = parentOf(artifact.path);
  if (::fchmod(part.fd_.get(), artifact.mode & 0777) != 0 || ::fsync(part.fd_.get()) != 0 ||
      ::renameat(about_.get(), part.name_.c_str(), folder.get(), lastPart(artifact.path).c_str()) !=
          0)
    fail("cannot put " + artifact.path + " in its place");
  return true;
}

void FetchFolder::keep(const std::string& name, std::string_view bytes) {
  const std::string temp = name + ".part";
  ::unlinkat(about_.get(), temp.c_str(), 0);
  {
    const UniqueFd fd(::openat(about_.get(), temp.c_str(),
                               O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
    if (!fd) fail("cannot write " + name);
    writeAll(fd.get(), bytes);
  }
  if (::renameat(about_.get(), temp.c_str(), about_.get(), name.c_str()) != 0)
    fail("cannot write " + name);
}

}  // namespace planwright::cli

#include "base/files.h"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

namespace planwright {
namespace {

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

std::string readAll(int fd, std::size_t limitBytes) {
  std::string out;
  char buffer[65536];
  for (;;) {
    const ssize_t n = ::read(fd, buffer, sizeof buffer);
    if (n == 0) return out;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("read");
    out.append(buffer, static_cast<std::size_t>(n));
    if (out.size() > limitBytes) {
      errno = EFBIG;
      fail("read");
    }
  }
}

std::string readFile(const std::filesystem::path& path, std::size_t limitBytes) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) fail("cannot open " + path.string());
  try {
    return readAll(fd.get(), limitBytes);
  } catch (const std::system_error& e) {
    throw std::system_error(e.code(), "cannot read " + path.string());
  }
}

void writeAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("write");
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

void replaceFile(const std::filesystem::path& path, std::string_view bytes, unsigned mode) {
  const std::string temp = path.string() + ".tmp" + std::to_string(::getpid());
  {
    const UniqueFd fd(::open(temp.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
    if (!fd) fail("cannot write " + temp);
    writeAll(fd.get(), bytes);
    if (::fsync(fd.get()) != 0) fail("fsync " + temp);
  }
  if (::rename(temp.c_str(), path.c_str()) != 0) fail("cannot replace " + path.string());
  const std::string folder = path.parent_path().empty() ? "." : path.parent_path().string();
  const UniqueFd dir(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (dir) ::fsync(dir.get());
}

void makeFolder(const std::filesystem::path& path, unsigned mode) {
  std::filesystem::create_directories(path);
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) fail("cannot look at " + path.string());
  if (info.st_uid != ::geteuid() || (info.st_mode & 07777) == mode) return;
  if (::chmod(path.c_str(), mode) != 0) fail("cannot close " + path.string());
}

UniqueFd memoryFile(std::string_view bytes) {
  UniqueFd fd(::memfd_create("planwright-blob", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd) fail("memfd_create");
  writeAll(fd.get(), bytes);
  ::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
  ::lseek(fd.get(), 0, SEEK_SET);
  return fd;
}

}  // namespace planwright

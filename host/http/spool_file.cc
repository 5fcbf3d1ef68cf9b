#include "http/spool_file.h"

#include <cerrno>
#include <cstdlib>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

#include "base/files.h"

namespace planwright {

SpoolFile::SpoolFile(const std::filesystem::path& folder)
    : fd_(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)) {
  if (fd_) return;
  // Not every file system has O_TMPFILE (overlayfs of old kernels, NFS).
  std::string name = (folder / "upload-XXXXXX").string();
  fd_.reset(::mkostemp(name.data(), O_CLOEXEC));
  if (!fd_)
    throw std::system_error(errno, std::generic_category(), "spool file in " + folder.string());
  ::unlink(name.c_str());
}

void SpoolFile::append(std::string_view bytes) {
  writeAll(fd_.get(), bytes);
  sizeBytes_ += bytes.size();
}

std::shared_ptr<const UniqueFd> SpoolFile::finish() {
  if (::lseek(fd_.get(), 0, SEEK_SET) < 0) {
    throw std::system_error(errno, std::generic_category(), "spool file");
  }
  return std::make_shared<const UniqueFd>(std::move(fd_));
}

}  // namespace planwright

#include "access/token_file.h"

#include <cerrno>
#include <cstring>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "access/key_text.h"
#include "base/files.h"
#include "base/unique_fd.h"

namespace planwright {

std::filesystem::path tokenFile(const std::filesystem::path& dataFolder) {
  return dataFolder / "token";
}

Result<void> makeTokenFile(const std::filesystem::path& file) {
  if (::access(file.c_str(), F_OK) != 0 && errno == ENOENT)
    replaceFile(file, makeKey(KeyKind::Token) + "\n", 0600);
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  struct stat info {};
  if (!fd || ::fstat(fd.get(), &info) != 0)
    return invalid("The administrator's token " + file.string() +
                   " cannot be read: " + std::strerror(errno) + ".");
  if ((info.st_mode & 077) != 0)
    return invalid("Others may read the administrator's token " + file.string() +
                   ", so it is known; remove the file, and the next start makes a new one.");
  return {};
}

}  // namespace planwright

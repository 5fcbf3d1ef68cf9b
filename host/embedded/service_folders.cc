#include "embedded/service_folders.h"

#include <cerrno>
#include <cstdlib>
#include <stdexcept>
#include <system_error>

#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"

namespace planwright {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSocketPathLimit = 107;
constexpr const char* kLongestSocket = "postgres/.s.PGSQL.5432";

/// A user's run-time folder ends with the login and is on a memory disk; root's is closed to the
/// services.
fs::path shortRunFolder(const fs::path& dataFolder) {
  const char* runtime = ::geteuid() == 0 ? nullptr : std::getenv("XDG_RUNTIME_DIR");
  const Digest digest = Digest::of(dataFolder.string());
  const std::string name =
      "planwright-" + std::to_string(::geteuid()) + "-" + std::string(digest.hex().substr(0, 12));
  const fs::path inRuntime = fs::path(runtime != nullptr ? runtime : "") / name;
  const bool fits = (inRuntime / kLongestSocket).string().size() <= kSocketPathLimit;
  return inRuntime.is_absolute() && fits ? inRuntime : fs::path("/tmp") / name;
}

/// In a folder others may write to, anybody could have made it first.
void requireOurs(const fs::path& folder) {
  struct stat info {};
  if (::lstat(folder.c_str(), &info) != 0)
    throw std::system_error(errno, std::generic_category(), folder.string());
  if (S_ISDIR(info.st_mode) && info.st_uid == ::geteuid() && (info.st_mode & 022) == 0) return;
  throw std::runtime_error(
      folder.string() +
      " should hold the sockets of the private services (the path of the "
      "data folder is too long for them), but it is not a folder that only we can write to. "
      "Remove it or choose a data folder with a shorter path");
}

}  // namespace

ServiceFolders makeServiceFolders(const fs::path& dataFolder) {
  ServiceFolders folders{dataFolder, dataFolder / "run", false};
  if ((folders.run / kLongestSocket).string().size() > kSocketPathLimit) {
    folders.run = shortRunFolder(dataFolder);
    folders.isRunElsewhere = true;
  }
  if (::mkdir(folders.run.c_str(), 0711) != 0 && errno != EEXIST)
    throw std::system_error(errno, std::generic_category(), "cannot make " + folders.run.string());
  requireOurs(folders.run);
  fs::permissions(folders.run, fs::perms(0711));
  fs::create_directory(folders.log());
  fs::permissions(folders.log(), fs::perms::owner_all);
  return folders;
}

}  // namespace planwright

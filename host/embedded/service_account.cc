#include "embedded/service_account.h"

#include <cerrno>
#include <cstdio>
#include <stdexcept>
#include <system_error>
#include <vector>

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"

namespace planwright {
namespace {

namespace fs = std::filesystem;

bool lookUp(const std::string& name, ServiceAccount& account) {
  std::vector<char> buffer(16384);
  passwd entry{};
  passwd* found = nullptr;
  ::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (found == nullptr) return false;
  account = {entry.pw_uid, entry.pw_gid, true};
  return true;
}

bool mayPass(const struct stat& folder, const ServiceAccount& account) {
  if (folder.st_uid == account.uid) return (folder.st_mode & S_IXUSR) != 0;
  if (folder.st_gid == account.gid) return (folder.st_mode & S_IXGRP) != 0;
  return (folder.st_mode & S_IXOTH) != 0;
}

/// /var/lib/planwright/<name>-<8 hex of the wanted path>: one place for each place that cannot be
/// used.
fs::path placeInstead(const fs::path& wanted) {
  const Digest digest = Digest::of(wanted.string());
  std::string name = wanted.parent_path().filename().string();
  if (name.empty()) name = "root";
  return fs::path("/var/lib/planwright") / (name + "-" + std::string(digest.hex().substr(0, 8)));
}

}  // namespace

ServiceAccount serviceAccount(const std::string& preferred) {
  ServiceAccount account{::geteuid(), ::getegid(), false};
  if (account.uid != 0) return account;
  if (lookUp(preferred, account) || lookUp("nobody", account)) return account;
  throw std::runtime_error(
      "private services need an account other than root, and this machine has neither '" +
      preferred + "' nor 'nobody'");
}

void makePrivateFolder(const fs::path& folder, const ServiceAccount& account) {
  fs::create_directory(folder);
  struct stat info {};
  if (::lstat(folder.c_str(), &info) != 0)
    throw std::system_error(errno, std::generic_category(), folder.string());
  if (!S_ISDIR(info.st_mode)) throw std::runtime_error(folder.string() + " is not a folder");
  if (info.st_uid != account.uid && !account.isOther)
    throw std::runtime_error(
        folder.string() + " belongs to user id " + std::to_string(info.st_uid) +
        ": it was made by a planwright of another user. Start as that user (or root) or "
        "choose another folder with --data");
  if (account.isOther && ::lchown(folder.c_str(), account.uid, account.gid) != 0)
    throw std::system_error(errno, std::generic_category(), "cannot hand over " + folder.string());
  fs::permissions(folder, fs::perms::owner_all);
}

fs::path closedFolder(const fs::path& path, const ServiceAccount& account) {
  fs::path walked;
  for (const fs::path& part : fs::absolute(path)) {
    walked /= part;
    struct stat info {};
    if (::stat(walked.c_str(), &info) != 0) return {};  // not made yet, so ours to open
    if (!mayPass(info, account)) return walked;
  }
  return {};
}

fs::path usableDataFolder(const fs::path& path) {
  fs::path wanted = fs::absolute(path).lexically_normal();
  if (::geteuid() != 0) return wanted;
  std::error_code ignored;
  const fs::path real = fs::weakly_canonical(wanted, ignored);
  const fs::path parent = real.parent_path();  // the folder itself is opened up when it is locked
  fs::path closed;
  for (const char* name : {"postgres", "redis"})
    if (closed.empty()) closed = closedFolder(parent, serviceAccount(name));
  fs::path usable = closed.empty() ? real : placeInstead(wanted);
  if (usable == wanted) return wanted;
  if (!closed.empty()) {
    fs::create_directories(usable.parent_path());
    fs::permissions(usable.parent_path(), fs::perms(0755));
    fs::create_directory_symlink(usable, wanted,
                                 ignored);  // fails if something is there already: no matter
  }
  std::string reason;
  if (!closed.empty())
    reason = ", because the private Postgres and Redis run as other users and " + closed.string() +
             " is closed to them";
  std::fprintf(stderr, "planwright: the data folder is %s%s\n", usable.c_str(), reason.c_str());
  return usable;
}

}  // namespace planwright

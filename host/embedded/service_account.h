#pragma once

#include <filesystem>
#include <string>

#include <sys/types.h>

namespace planwright {

/// The user a private service runs as: its own account when the host is root (Postgres refuses to
/// be root, and two services should not be able to touch each other's files), else simply ours.
struct ServiceAccount {
  uid_t uid = 0;
  gid_t gid = 0;
  bool isOther =
      false;  ///< differs from the host's: files are handed over, the child changes its ids
};

/// The account named `preferred` for a root host, or `nobody` if the machine has no such user.
ServiceAccount serviceAccount(const std::string& preferred);

/// A folder of mode 0700 owned by the account. Throws if it belongs to somebody else and cannot be
/// handed over.
void makePrivateFolder(const std::filesystem::path& folder, const ServiceAccount& account);

/// The first folder on the way to `path` (itself included) which the account may not pass through,
/// or empty. Access lists are not looked at.
std::filesystem::path closedFolder(const std::filesystem::path& path,
                                   const ServiceAccount& account);

/// `path`, made absolute, or another place when the private services of a root host could not reach
/// it (root's home is closed to other users): then a link is left at `path` if nothing is there, so
/// that clients find the host's address where they look for it, and one line on stderr says so.
std::filesystem::path usableDataFolder(const std::filesystem::path& path);

}  // namespace planwright

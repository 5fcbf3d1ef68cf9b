#include "http/unix_socket.h"

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace planwright {
namespace {

Error cannotListen(const std::filesystem::path& path, const std::string& reason) {
  return {ErrorKind::Unavailable,
          "Cannot listen on unix:" + path.string() + ": " + reason + ".",
          "cannot-listen",
          {}};
}

UniqueFd newSocket() {
  return UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

sockaddr_un addressOf(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  return address;
}

/// The socket of a process that is gone stays in the file system, and refuses connections.
bool isLeftBehind(const sockaddr_un& address) {
  struct stat info {};
  if (::lstat(address.sun_path, &info) != 0 || !S_ISSOCK(info.st_mode)) return false;
  const UniqueFd probe = newSocket();
  return ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
         errno == ECONNREFUSED;
}

bool bindTo(int socket, const sockaddr_un& address) {
  return ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

/// Nobody can connect before listen(), so the rights come first.
std::string setRights(const std::filesystem::path& path, const ListenConfig& listen) {
  if (!listen.group.empty()) {
    const group* found = ::getgrnam(listen.group.c_str());  // at the start only: no other thread
    if (!found) return "there is no group " + listen.group;
    if (::lchown(path.c_str(), static_cast<uid_t>(-1), found->gr_gid) != 0)
      return "it cannot be given to the group " + listen.group + ", " + std::strerror(errno);
  }
  return ::chmod(path.c_str(), static_cast<mode_t>(listen.mode)) == 0 ? "" : std::strerror(errno);
}

}  // namespace

SocketName::SocketName(std::filesystem::path path) : path_(std::move(path)) {
  struct stat info {};
  if (::lstat(path_.c_str(), &info) != 0) path_.clear();
  device_ = info.st_dev;
  inode_ = info.st_ino;
}

void SocketName::swap(SocketName& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(device_, other.device_);
  std::swap(inode_, other.inode_);
}

void SocketName::remove() noexcept {
  struct stat info {};
  if (!path_.empty() && ::lstat(path_.c_str(), &info) == 0 && info.st_dev == device_ &&
      info.st_ino == inode_)
    ::unlink(path_.c_str());
  path_.clear();
}

Result<UnixListener> listenOnUnix(const std::filesystem::path& path, const ListenConfig& listen) {
  const sockaddr_un address = addressOf(path);
  UniqueFd socket = newSocket();
  bool isBound = bindTo(socket.get(), address);
  if (!isBound && errno == EADDRINUSE) {
    if (!isLeftBehind(address))
      return cannotListen(path, "something that is no dead host's socket is there");
    ::unlink(path.c_str());
    isBound = bindTo(socket.get(), address);
  }
  if (!isBound) return cannotListen(path, std::strerror(errno));
  SocketName name(path);
  if (const std::string why = setRights(path, listen); !why.empty()) return cannotListen(path, why);
  constexpr int kBacklog = 1024;
  if (::listen(socket.get(), kBacklog) != 0) return cannotListen(path, std::strerror(errno));
  return UnixListener{std::move(socket), std::move(name)};
}

}  // namespace planwright

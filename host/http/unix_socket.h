#pragma once

#include <filesystem>

#include <sys/types.h>

#include "base/result.h"
#include "base/unique_fd.h"
#include "config/listen_config.h"

namespace planwright {

/// The name of a listening unix socket in the file system. Takes it away at the end, unless another
/// one stands there by then. Owned by the Listener.
class SocketName {
 public:
  SocketName() = default;
  /// Of the socket that stands at `path` now.
  explicit SocketName(std::filesystem::path path);
  ~SocketName() { remove(); }
  SocketName(SocketName&& other) noexcept { swap(other); }
  SocketName& operator=(SocketName&& other) noexcept {
    swap(other);
    return *this;
  }
  SocketName(const SocketName&) = delete;
  SocketName& operator=(const SocketName&) = delete;

  void remove() noexcept;

 private:
  void swap(SocketName& other) noexcept;

  std::filesystem::path path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

struct UnixListener {
  UniqueFd socket;
  SocketName name;
};

/// Listens at the path of `listen`, with its rights from the first moment on. What a host that is
/// dead left there is replaced. Unavailable: it cannot be bound, or somebody listens there.
Result<UnixListener> listenOnUnix(const std::filesystem::path& path, const ListenConfig& listen);

}  // namespace planwright

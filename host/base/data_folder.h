#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace planwright {

/// The folder one running host owns: made with mode 0711 (the users of services and of programs may
/// pass through to what is theirs, but list nothing; whatever else is in it is closed to them) and
/// locked for as long as this object, or a keeper that inherited
/// `lockFd()`, lives.
///   <folder>/lock            flock'ed; holds "<pid> <start time of the pid>" of the owner
///   <folder>/id              a random UUID, made once
///   <folder>/planwright.url  where the running host listens
/// Owned by Application; const after opening: [any thread].
class DataFolder {
 public:
  /// Waits up to `wait` while the owner on record is dead but the lock is still held: its keeper is
  /// killing what it left running. A live owner is a Conflict at once; the message names its pid.
  static Result<DataFolder> open(const std::filesystem::path& path,
                                 std::chrono::milliseconds wait = std::chrono::seconds(30));

  const std::filesystem::path& path() const { return path_; }  ///< absolute
  const std::string& id() const { return id_; }
  int lockFd() const {
    return lock_.get();
  }  ///< stays ours; a child that inherits it keeps the lock alive

  void writeUrl(std::string_view url) const;  ///< atomically replaces planwright.url
  void removeUrl() const;

 private:
  DataFolder(std::filesystem::path path, UniqueFd lock, std::string id)
      : path_(std::move(path)),
        lock_(std::move(lock)),
        id_(std::move(id)) {}

  std::filesystem::path path_;
  UniqueFd lock_;
  std::string id_;
};

}  // namespace planwright

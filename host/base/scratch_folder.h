#pragma once

#include <filesystem>

#include <sys/types.h>

namespace planwright {

/// A folder for one program at a time, emptied for the next one: making and removing a folder waits
/// for the file system's journal, which the commits of the database keep busy. Removed with all it
/// holds when this goes. Owned by whoever runs the programs; one thread at a time.
class ScratchFolder {
 public:
  /// Makes `path`; what was there goes first. Throws std::system_error.
  static ScratchFolder at(std::filesystem::path path, mode_t mode);
  /// Makes a folder (0700) of its own below `parent`, the system's temp folder if that is empty.
  static ScratchFolder below(const std::filesystem::path& parent);
  ~ScratchFolder();
  ScratchFolder(ScratchFolder&& other) noexcept;
  ScratchFolder& operator=(ScratchFolder&&) = delete;
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

  /// Removes all that is in it. False: something cannot be removed, or a program put something else
  /// in its place (a link to elsewhere must not be followed): take another folder.
  bool clear();

 private:
  explicit ScratchFolder(std::filesystem::path path);
  bool isStillOurs() const;

  std::filesystem::path path_;  ///< empty: moved from
  dev_t device_ = 0;
  ino_t inode_ = 0;
  mode_t mode_ = 0;
};

}  // namespace planwright

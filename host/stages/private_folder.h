#pragma once

#include <filesystem>

namespace planwright {

/// A new folder (0700) for one program, removed with all it holds when this goes. Throws if it
/// cannot be made.
class PrivateFolder {
 public:
  /// Below `parent`, or the system's temp folder if that is empty.
  explicit PrivateFolder(const std::filesystem::path& parent);
  ~PrivateFolder();
  PrivateFolder(const PrivateFolder&) = delete;
  PrivateFolder& operator=(const PrivateFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace planwright

#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <dirent.h>
#include <planwright/call.hpp>

namespace source_folder {

/// One list of a folder, in slices: a million files must not become one answer. Names beginning
/// with a dot are skipped, links are reported and never followed. One thread.
class FolderScan {
 public:
  /// Told of every folder before its entries are read, so that a watch is there before them.
  /// `name` is "" for the root.
  using OnFolder = std::function<void(int fd, const std::string& name)>;

  FolderScan(pw::Fd root, bool isRecursive, OnFolder onFolder);

  /// Appends the names of up to `limit` more entries that are not folders, relative to the root.
  void next(std::size_t limit, std::vector<std::string>& names);
  bool isDone() const { return !open_ && waiting_.empty(); }
  /// A folder to be listed as well, "" for the root itself.
  void add(std::string name) { waiting_.push_back(std::move(name)); }

 private:
  struct CloseFolder {
    void operator()(DIR* folder) const noexcept { ::closedir(folder); }
  };

  void openNext();

  const pw::Fd root_;
  const bool isRecursive_;
  const OnFolder onFolder_;
  std::vector<std::string> waiting_;
  std::unique_ptr<DIR, CloseFolder> open_;
  std::string prefix_;  ///< of the open folder's entries: "" or "a/b/"
};

}  // namespace source_folder

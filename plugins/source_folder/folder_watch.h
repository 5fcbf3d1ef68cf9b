#pragma once

#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include <planwright/call.hpp>
#include <sys/inotify.h>

namespace source_folder {

/// What was heard since the last time.
struct Changes {
  std::set<std::string> names;       ///< files and links, relative to the root
  std::vector<std::string> folders;  ///< new or renamed subfolders
  std::set<std::string> hidden;      ///< new or renamed things whose name begins with a dot
  bool isIncomplete = false;         ///< the kernel's queue overflowed: list everything
  bool isRootLost = false;           ///< the root was removed, renamed or unmounted
};

/// inotify(7) on a folder and those below it. It is quick but not complete: the queue can overflow,
/// and a network file system tells nothing of what other machines do. One thread.
class FolderWatch {
 public:
  explicit FolderWatch(bool isWanted);

  int fd() const { return fd_.get(); }  ///< -1: not wanted, or none left (max_user_instances)
  /// Watches the open folder `fd` under that name ("" = the root); again is of no harm. False: the
  /// kernel has no watch left (fs.inotify.max_user_watches).
  bool add(int fd, const std::string& name);
  /// Takes what the kernel has queued, up to some thousand changes, without waiting.
  Changes take();
  /// Ends all watches; what they said already is dropped.
  void clear();

 private:
  void note(const struct inotify_event& event, Changes& changes);

  pw::Fd fd_;
  std::unordered_map<int, std::string> names_;  ///< by watch descriptor
};

}  // namespace source_folder

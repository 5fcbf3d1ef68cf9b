#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <planwright/plugin.hpp>

#include "folder_scan.h"
#include "folder_watch.h"

namespace source_folder {

/// Reports the files of a folder: at once what inotify tells of, and everything at start, after an
/// overflow, when something hidden came that files may be links through, and every rescan_every. It
/// decides nothing: the host waits until a file is stable, knows which are recorded already, and
/// refuses what is not a file. A folder that is not there, or is replaced by another, is waited
/// for. One thread, without one of its own.
class FolderSource {
 public:
  explicit FolderSource(const pw::Settings& settings);

  void poll(pw::Poll& out, pw::Call& call);
  int fd() const { return watch_.fd(); }

 private:
  using Clock = std::chrono::steady_clock;
  using FolderId = std::pair<dev_t, ino_t>;

  void findRoot();
  [[noreturn]] void waitForRoot(const char* why);
  void forgetRoot();
  bool mayLeadOn(const std::string& name) const;
  void readChanges(std::vector<std::string>& names);
  void readScan(std::vector<std::string>& names);
  /// A list that is under way, or a new one of nothing yet.
  FolderScan& scan();
  void beginFullScan();
  void onFolder(int fd, const std::string& name);

  const std::string path_;
  const bool isRecursive_;
  const std::string how_;  ///< auto, inotify or poll
  const std::chrono::milliseconds pollEvery_;
  const std::chrono::milliseconds rescanEvery_;

  FolderWatch watch_;
  FolderId rootId_{};        ///< what the path led to last time; no descriptor is kept on it, since
                             ///< that would hold back the news of its removal
  bool isWatching_ = false;  ///< inotify is to be used for this root, and has watches enough
  std::optional<FolderScan> scan_;
  bool isFullScan_ = false;  ///< scan_ began at the root
  bool scanAgain_ = false;   ///< something was missed while it was under way
  Clock::time_point scanBegan_;
  Clock::time_point nextScan_;
};

}  // namespace source_folder

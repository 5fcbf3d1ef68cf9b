#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace planwright {

/// Ends programs whose folders hold more than they may. Looks four times a second, so a program can
/// be over its limit for a moment; what is sudden is the limit of a single file. Owned by Sandbox;
/// one thread, idle while nobody is watched.
class DiskWatch {
 public:
  DiskWatch();
  ~DiskWatch();
  DiskWatch(const DiskWatch&) = delete;
  DiskWatch& operator=(const DiskWatch&) = delete;

  /// Watches for this scope. `onOver` is called once or more, in the watch's thread.
  class Entry {
   public:
    Entry(DiskWatch& watch, std::vector<std::string> folders, std::uint64_t mostBytes,
          std::function<void()> onOver);
    ~Entry();
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

   private:
    DiskWatch& watch_;
    std::list<struct WatchedFolders>::iterator at_;
  };

 private:
  void run(const std::stop_token& stop);

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::list<struct WatchedFolders> watched_;
  std::jthread thread_;
};

struct WatchedFolders {
  std::vector<std::string> folders;
  std::uint64_t mostBytes = 0;
  std::function<void()> onOver;
};

/// What the files below take on the disk. Follows no link; what vanishes meanwhile counts nothing.
std::uint64_t diskUse(const std::string& folder);

}  // namespace planwright

#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace planwright {

/// What is watched, for one program.
struct WatchedFolders {
  std::vector<std::string> folders;
  std::uint32_t user = 0;  ///< of the program alone; 0 = it is the host's own
  std::uint64_t mostBytes = 0;
  std::function<void()> onOver;
};

/// Ends programs that take more of the disk than they may (disk_use.h): in their folders, and in
/// files without a name. Looks four times a second, less often at one that would need longer to
/// fill what it has left, and when that costs more than a quarter of the time. So a program can be
/// over its limit for a moment; what is sudden is the limit of a single file. Owned by Sandbox; one
/// thread, idle while nobody is watched.
class DiskWatch {
  using Clock = std::chrono::steady_clock;
  struct Watched {
    WatchedFolders what;
    Clock::time_point lookAt;
  };

 public:
  DiskWatch();
  ~DiskWatch();
  DiskWatch(const DiskWatch&) = delete;
  DiskWatch& operator=(const DiskWatch&) = delete;

  /// Watches for this scope. `onOver` is called once or more, in the watch's thread.
  class Entry {
   public:
    Entry(DiskWatch& watch, WatchedFolders watched);
    ~Entry();
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

   private:
    DiskWatch& watch_;
    std::list<Watched>::iterator at_;
  };

 private:
  void run(const std::stop_token& stop);
  void look(Clock::time_point now);

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::list<Watched> watched_;
  std::jthread thread_;
};

}  // namespace planwright

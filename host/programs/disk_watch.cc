#include "programs/disk_watch.h"

#include <chrono>
#include <filesystem>
#include <system_error>
#include <utility>

#include <sys/stat.h>

#include "base/threads.h"

namespace planwright {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kEvery(250);
constexpr std::uint64_t kBlockBytes = 512;  // stat(2)

}  // namespace

std::uint64_t diskUse(const std::string& folder) {
  std::uint64_t bytes = 0;
  std::error_code error;
  auto at = fs::recursive_directory_iterator(folder, fs::directory_options::skip_permission_denied,
                                             error);
  for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    struct stat info {};
    if (::lstat(at->path().c_str(), &info) == 0)
      bytes += static_cast<std::uint64_t>(info.st_blocks) * kBlockBytes;
  }
  return bytes;
}

DiskWatch::DiskWatch()
    : thread_(startThread("pw-disk", [this](const std::stop_token& stop) { run(stop); })) {}

DiskWatch::~DiskWatch() {
  thread_.request_stop();
  thread_.join();
}

DiskWatch::Entry::Entry(DiskWatch& watch, std::vector<std::string> folders, std::uint64_t mostBytes,
                        std::function<void()> onOver)
    : watch_(watch) {
  const std::lock_guard lock(watch_.mutex_);
  at_ = watch_.watched_.insert(watch_.watched_.end(),
                               {std::move(folders), mostBytes, std::move(onOver)});
  watch_.changed_.notify_one();
}

DiskWatch::Entry::~Entry() {
  const std::lock_guard lock(watch_.mutex_);
  watch_.watched_.erase(at_);
}

void DiskWatch::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [this] { return !watched_.empty(); })) {
    // The lock is held while folders are read, so that no entry goes meanwhile: a program that ends
    // just then waits for that.
    for (const WatchedFolders& watched : watched_) {
      std::uint64_t bytes = 0;
      for (const auto& folder : watched.folders) bytes += diskUse(folder);
      if (bytes > watched.mostBytes) watched.onOver();
    }
    lock.unlock();
    sleepFor(kEvery, stop);
    lock.lock();
  }
}

}  // namespace planwright

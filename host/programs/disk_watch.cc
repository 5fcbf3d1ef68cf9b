#include "programs/disk_watch.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/threads.h"
#include "programs/disk_use.h"

namespace planwright {
namespace {

using Milliseconds = std::chrono::milliseconds;
constexpr Milliseconds kEvery(250);
constexpr int kShare = 3;  // it rests so many times as long as it looked

/// Folders that cannot be counted are over, too: nothing but a program that wants that makes them.
bool isOver(const WatchedFolders& watched, const ProcessesByUser& processes) {
  constexpr int kTries = 3;
  for (int i = 0; i < kTries; ++i) {
    const auto named = diskUse(watched.folders);
    if (named && *named > watched.mostBytes) return true;
    if (named)
      return *named + unlinkedUse(watched.folders, watched.user, processes) > watched.mostBytes;
  }
  return true;
}

}  // namespace

DiskWatch::DiskWatch()
    : thread_(startThread("pw-disk", [this](const std::stop_token& stop) { run(stop); })) {}

DiskWatch::~DiskWatch() {
  thread_.request_stop();
  thread_.join();
}

DiskWatch::Entry::Entry(DiskWatch& watch, WatchedFolders watched) : watch_(watch) {
  const std::lock_guard lock(watch_.mutex_);
  at_ = watch_.watched_.insert(watch_.watched_.end(), std::move(watched));
  watch_.changed_.notify_one();
}

DiskWatch::Entry::~Entry() {
  const std::lock_guard lock(watch_.mutex_);
  watch_.watched_.erase(at_);
}

void DiskWatch::run(const std::stop_token& stop) {
  Milliseconds rest = kEvery;
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [this] { return !watched_.empty(); })) {
    lock.unlock();  // most programs have ended before the first look
    sleepFor(rest, stop);
    lock.lock();
    // The lock is held while folders are read, so that no entry goes meanwhile: a program that ends
    // just then waits for that.
    const auto begin = std::chrono::steady_clock::now();
    if (!watched_.empty()) look();
    const auto took = std::chrono::steady_clock::now() - begin;
    rest = std::max(kEvery, std::chrono::duration_cast<Milliseconds>(kShare * took));
  }
}

void DiskWatch::look() {
  const ProcessesByUser processes = processesByUser();
  for (const WatchedFolders& watched : watched_)
    if (isOver(watched, processes)) watched.onOver();
}

}  // namespace planwright

#include "programs/disk_watch.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "base/threads.h"
#include "programs/disk_use.h"

namespace planwright {
namespace {

using Milliseconds = std::chrono::milliseconds;
constexpr Milliseconds kOften(250), kSeldom(2000);
constexpr std::uint64_t kFastest = std::uint64_t{2} << 20;  // bytes that a disk takes in 1 ms
constexpr int kShare = 3;  // it rests so many times as long as it looked

/// Bytes that may still be written; nothing: there are too many. Folders that cannot be counted
/// have too many, too: nothing but a program that wants that makes them.
std::optional<std::uint64_t> roomIn(const WatchedFolders& watched,
                                    const ProcessesByUser& processes) {
  constexpr int kTries = 3;
  for (int i = 0; i < kTries; ++i) {
    const auto named = diskUse(watched.folders);
    if (!named) continue;
    std::uint64_t used = *named;
    if (used <= watched.mostBytes) used += unlinkedUse(watched.folders, watched.user, processes);
    return used > watched.mostBytes ? std::nullopt : std::optional(watched.mostBytes - used);
  }
  return std::nullopt;
}

/// Until these bytes may be written, about.
Milliseconds timeToFill(std::uint64_t bytes) {
  return std::clamp(Milliseconds(bytes / kFastest), kOften, kSeldom);
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
  at_ = watch_.watched_.insert(watch_.watched_.end(), {std::move(watched), Clock::now() + kOften});
  watch_.changed_.notify_one();
}

DiskWatch::Entry::~Entry() {
  const std::lock_guard lock(watch_.mutex_);
  watch_.watched_.erase(at_);
}

void DiskWatch::run(const std::stop_token& stop) {
  auto rested = Clock::now();
  std::unique_lock lock(mutex_);
  const auto nextLook = [&] {
    auto next = Clock::time_point::max();
    for (const Watched& each : watched_) next = std::min(next, each.lookAt);
    return std::max(next, rested);
  };
  while (changed_.wait(lock, stop, [this] { return !watched_.empty(); })) {
    const auto next = nextLook();  // most programs have ended before the first one
    changed_.wait_until(lock, stop, next, [&] { return nextLook() < next; });
    if (stop.stop_requested()) return;
    // The lock is held while folders are read, so that no entry goes meanwhile: a program that ends
    // just then waits for that.
    const auto begin = Clock::now();
    look(begin);
    rested = begin + (kShare + 1) * (Clock::now() - begin);
  }
}

void DiskWatch::look(Clock::time_point now) {
  std::optional<ProcessesByUser> processes;
  for (Watched& each : watched_) {
    if (each.lookAt > now) continue;
    if (!processes) processes = processesByUser();
    const auto room = roomIn(each.what, *processes);
    if (!room) each.what.onOver();
    each.lookAt = now + timeToFill(room.value_or(0));
  }
}

}  // namespace planwright

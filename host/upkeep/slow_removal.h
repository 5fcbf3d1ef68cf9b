#pragma once

#include <chrono>
#include <filesystem>
#include <system_error>

#include "base/threads.h"

namespace planwright {

/// Some 200 files a second: a mass delete keeps the journal of ext4 busy, and everybody's commits
/// wait for it.
inline constexpr std::chrono::milliseconds kBetweenRemovals{5};

/// Removes one file and waits. One that is gone or cannot be removed is left to the next round.
/// False: a stop was asked for.
inline bool removeSlowly(const std::filesystem::path& file, const std::stop_token& stop) {
  std::error_code ignored;
  if (!std::filesystem::remove(file, ignored)) return !stop.stop_requested();
  return sleepFor(kBetweenRemovals, stop);
}

}  // namespace planwright

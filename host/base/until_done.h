#pragma once

#include <exception>
#include <stop_token>
#include <string_view>

#include "base/backoff.h"
#include "base/log.h"
#include "base/threads.h"

namespace planwright {

/// Does `work` until it ends without an exception, and waits longer each time in between: for what
/// must not be lost while Postgres or the disk is away. `what` tells in the log what waits. False:
/// a stop was asked for first.
template <class Work>
bool untilDone(std::string_view what, const std::stop_token& stop, Work work,
               Backoff backoff = Backoff()) {
  for (;;) {
    try {
      work();
      return true;
    } catch (const std::exception& e) {
      log::warn("{} must wait: {}", what, e.what());
    }
    if (!sleepFor(backoff.next(), stop)) return false;
  }
}

}  // namespace planwright

#pragma once

#include <algorithm>
#include <vector>

#include "base/guarded.h"
#include "stages/stage_call.h"

namespace planwright {

/// The call that a worker makes now, if any, and the item that it is for; others stop it by this,
/// or have its limits looked at. Owned by the worker. [any thread]
template <class Item>
class RunningCall {
 public:
  /// Known from here to the end of the scope. One at a time. [the worker's thread]
  class Scope {
   public:
    Scope(RunningCall& running, StageCall& call, Item item = {}) : running_(running) {
      auto now = running_.now_.lock();
      now->call = &call;
      now->item = std::move(item);
      if (now->closed != StopReason::None) call.stop(now->closed);
    }
    ~Scope() { running_.now_.lock()->call = nullptr; }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    RunningCall& running_;
  };

  void stop(StopReason reason) {
    if (auto now = now_.lock(); now->call) now->call->stop(reason);
  }
  /// Stops it, and each later one as soon as it begins.
  void close(StopReason reason) {
    auto now = now_.lock();
    now->closed = reason;
    if (now->call) now->call->stop(reason);
  }
  /// If it is for one of these.
  void stop(const std::vector<Item>& items, StopReason reason) {
    auto now = now_.lock();
    if (now->call && std::find(items.begin(), items.end(), now->item) != items.end())
      now->call->stop(reason);
  }
  /// Stops it once it took too long, or was silent for too long.
  void checkLimits(SteadyTime time) {
    if (auto now = now_.lock(); now->call) now->call->checkLimits(time);
  }

 private:
  struct Now {
    StageCall* call = nullptr;
    Item item{};
    StopReason closed = StopReason::None;
  };
  Guarded<Now> now_;
};

}  // namespace planwright

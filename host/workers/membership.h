#pragma once

#include <atomic>

#include "base/guarded.h"

namespace planwright {

/// Who this host is among the instances, and whether it may take new work now. Written by the
/// heartbeat, read by every claimer. `id` changes when the instance was declared dead and came back
/// as a new one. [any thread]
class Membership {
 public:
  std::int64_t instance() const { return instance_.load(std::memory_order_acquire); }
  bool mayClaim() const {
    return mayClaim_.load(std::memory_order_acquire) && !leaving_.load(std::memory_order_acquire);
  }

  void become(std::int64_t instance) {
    instance_.store(instance, std::memory_order_release);
    mayClaim_.store(true, std::memory_order_release);
  }
  /// The lease could not be renewed in time.
  void suspend() { mayClaim_.store(false, std::memory_order_release); }
  void resume() { mayClaim_.store(true, std::memory_order_release); }
  /// The host is stopping: nothing new from now on.
  void leave() { leaving_.store(true, std::memory_order_release); }
  bool isLeaving() const { return leaving_.load(std::memory_order_acquire); }

  /// A claim failed, but it may have been committed. Reconcile looks for it.
  void doubtClaims() const { areClaimsInDoubt_.store(true, std::memory_order_release); }
  bool takeDoubt() const { return areClaimsInDoubt_.exchange(false); }

 private:
  mutable std::atomic<bool> areClaimsInDoubt_{false};
  std::atomic<std::int64_t> instance_{0};
  std::atomic<bool> mayClaim_{false};
  std::atomic<bool> leaving_{false};
};

}  // namespace planwright

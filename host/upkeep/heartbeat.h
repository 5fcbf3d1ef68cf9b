#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "store/database.h"
#include "store/instances.h"
#include "workers/membership.h"

namespace planwright {

/// Keeps this host's row alive: one write every third of a lease on a connection and thread of its
/// own (pw-heartbeat). A beat counts from before it was sent, on CLOCK_BOOTTIME, which also runs
/// while the machine sleeps. When no beat was confirmed for most of a lease the host takes nothing
/// new; when the row says it was declared dead, its work is abandoned and it comes back under a new
/// id.
class Heartbeat {
 public:
  struct Doors {
    std::function<std::string()> tools;  ///< what the host builds with now, as Instances wants it
    std::function<void()> onLost;        ///< the claims are gone: stop their work
  };
  Heartbeat(const Database& database, Instances::Host host, std::chrono::milliseconds lease,
            Membership& membership, Doors doors);
  ~Heartbeat();
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

  /// One beat. Throws Unavailable when Postgres is away.
  void step();

 private:
  void run(const std::stop_token& stop);

  std::unique_ptr<Connection> connection_;
  const Instances::Host host_;
  const std::chrono::milliseconds lease_;
  Membership& membership_;
  const Doors doors_;
  std::chrono::nanoseconds lastBeat_{0};  ///< sinceBoot()
  std::jthread thread_;
};

}  // namespace planwright

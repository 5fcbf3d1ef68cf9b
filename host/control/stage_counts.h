#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/guarded.h"
#include "store/database.h"

namespace planwright {

/// How many items are in which state, by queue and by host. With a million rows it takes a second
/// to know, so a thread of its own counts (pw-counts) when somebody asks, and a twentieth of the
/// time at most; who asks waits a moment for the new numbers and else gets those of before.
/// [any thread]
class StageCounts {
 public:
  StageCounts(Database& database, const Clock& clock);

  /// The JSON of the statement api_counts. Throws Unavailable when there is none yet: Postgres is
  /// away, or it takes very long.
  std::string get();
  /// They have just been changed by a person: the next answer is to know it.
  void forget();

 private:
  struct State {
    std::string json;                      ///< empty: never counted
    std::string problem;                   ///< why the last count failed
    std::int64_t asked = 0, answered = 0;  ///< requests; up to which one they are answered
    std::int64_t changes = 0;              ///< by people
    SteadyTime until{};                    ///< when they may be counted again
  };
  void run(const std::stop_token& stop);
  void count();

  const Clock& clock_;
  std::unique_ptr<Connection> connection_;
  Guarded<State> state_;
  std::jthread thread_;
};

}  // namespace planwright

#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/metrics.h"
#include "store/bell.h"
#include "store/database.h"
#include "workers/membership.h"

namespace planwright {

/// Gives back claims in the name of this host that no thread of it knows: an exception leaked them,
/// or the answer to a claim was lost. Nobody else can tell them from work under way, so every host
/// that plans or builds looks for its own, whoever reconciles. Thread pw-claims.
class ForgottenClaims {
 public:
  struct Parts {
    Database& database;
    const Membership& membership;
    Metrics& metrics;
    Bell& bell;
    /// Inputs and plans that this host holds in memory.
    std::function<std::vector<std::int64_t>()> heldInputs, heldPlans;
  };
  explicit ForgottenClaims(Parts parts);

  /// One look. A claim is in the table a moment before it is in memory, so only what two looks in a
  /// row find is given back. Throws Unavailable when Postgres is away.
  void step();
  void start();

 private:
  void look(bool plans, std::map<std::string, std::int64_t>& suspects);

  Parts parts_;
  std::unique_ptr<Connection> connection_;
  std::map<std::string, std::int64_t> suspects_;  ///< of the last look: item -> fence
  std::jthread thread_;
};

}  // namespace planwright

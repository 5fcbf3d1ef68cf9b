#pragma once

#include <memory>

#include "base/redis_url.h"
#include "tickets/redis_state.h"
#include "tickets/tickets.h"

namespace planwright {

class RedisConnection;

/// Tickets in Redis lists (RPUSH, BLMPOP): one connection of its own, opened when needed and thrown
/// away after any error. `url`: as RedisUrl reads it; throws std::invalid_argument. While `state`
/// says that Redis is away nothing is tried; its own failures are told there. One thread.
class RedisTickets final : public Tickets {
 public:
  /// Without `state` every call tries.
  explicit RedisTickets(const std::string& url, RedisState* state = nullptr);
  ~RedisTickets() override;
  RedisTickets(const RedisTickets&) = delete;
  RedisTickets& operator=(const RedisTickets&) = delete;

  std::int64_t push(const std::string& list, const std::vector<std::int64_t>& ids) override;
  void putBack(const std::string& list, const std::vector<std::int64_t>& ids) override;
  std::vector<std::int64_t> pop(const std::string& list, std::size_t max,
                                std::chrono::milliseconds wait) override;
  std::int64_t length(const std::string& list) override;
  std::vector<std::int64_t> all(const std::string& list) override;

  /// Sets the key if it is absent; true if it was absent. Reconcile learns of a FLUSHALL so.
  bool claimKey(const std::string& key, const std::string& value);
  /// Throws Unavailable, in a second at most, when the service does not answer, takes no writes, or
  /// still refuses this command.
  void probe(const std::vector<std::string>& refused);

 private:
  template <class Read>
  auto withReply(const std::vector<std::string>& words, Read read);
  [[noreturn]] void gaveUp(const std::string& why, std::vector<std::string> refused);

  const RedisUrl url_;
  RedisState* const state_;
  std::unique_ptr<RedisConnection> connection_;
};

}  // namespace planwright

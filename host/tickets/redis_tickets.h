#pragma once

#include <memory>

#include "base/service_state.h"
#include "tickets/tickets.h"

namespace planwright {

/// Tickets in Redis lists (RPUSH, BLMPOP): one connection of its own, opened when needed and thrown
/// away after any error. `url`: redis://host:port/db or unix:/path[?db=N]. While `state` says that
/// Redis is away nothing is tried; its own failures are told there. One thread.
class RedisTickets final : public Tickets {
 public:
  /// Without `state` every call tries.
  explicit RedisTickets(std::string url, ServiceState* state = nullptr);
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
  /// Throws Unavailable, in a second at most, when the service does not answer.
  void ping();

 private:
  struct State;
  void open();
  template <class Read>
  auto withReply(const std::vector<std::string>& words, Read read);

  std::string url_;
  ServiceState* service_;
  std::unique_ptr<State> state_;
};

}  // namespace planwright

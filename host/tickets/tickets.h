#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace planwright {

/// The lists of ids. A ticket is only a hint that a row may be claimable: lost or doubled ones are
/// harmless. Implementations throw Unavailable when the service is away. One thread each.
class Tickets {
 public:
  virtual ~Tickets() = default;
  /// Appends ids; gives the length of the list afterwards (0 for no ids).
  virtual std::int64_t push(const std::string& list, const std::vector<std::int64_t>& ids) = 0;
  /// Puts ids that were taken back to the front, in their order.
  virtual void putBack(const std::string& list, const std::vector<std::int64_t>& ids) = 0;
  /// Takes up to `max` from the front; waits up to `wait` for the first. What is not a number is
  /// dropped.
  virtual std::vector<std::int64_t> pop(const std::string& list, std::size_t max,
                                        std::chrono::milliseconds wait) = 0;
  virtual std::int64_t length(const std::string& list) = 0;
  /// All of the list, front first.
  virtual std::vector<std::int64_t> all(const std::string& list) = 0;
};

/// "plan_queue" for the queue `default`, "plan_queue:<name>" for others.
inline std::string planList(const std::string& queue) {
  return queue == "default" ? "plan_queue" : "plan_queue:" + queue;
}
inline std::string buildList(const std::string& queue) {
  return queue == "default" ? "build_queue" : "build_queue:" + queue;
}

}  // namespace planwright

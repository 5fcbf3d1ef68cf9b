#include <chrono>
#include <thread>

#include "planwright/plugin.hpp"

namespace {

/// Every job succeeds after `sleep` milliseconds and makes nothing.
class NoopBuilder {
 public:
  explicit NoopBuilder(const pw::Settings& settings) : sleep_(settings.num("sleep", 0)) {}

  void build(const pw::Job&, pw::Call& call) {
    const auto end = std::chrono::steady_clock::now() + sleep_;
    while (sleep_.count() > 0 && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(std::min(sleep_, std::chrono::milliseconds(5)));
      call.stopIfCancelled();
    }
  }

 private:
  const std::chrono::milliseconds sleep_;
};

}  // namespace

PW_MODULE("planwright.noop-builder", "1.0.0", pw::Builder<NoopBuilder>)

#include <chrono>

#include "planwright/plugin.hpp"

namespace {

/// Every job succeeds after `sleep` milliseconds and makes nothing.
class NoopBuilder {
 public:
  explicit NoopBuilder(const pw::Settings& settings) : sleep_(settings.num("sleep", 0)) {}

  void build(const pw::Job&, pw::Call& call) { call.sleep(sleep_); }

 private:
  const std::chrono::milliseconds sleep_;
};

}  // namespace

PW_MODULE("planwright.noop-builder", "1.0.0", pw::Builder<NoopBuilder>)

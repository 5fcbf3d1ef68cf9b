#include <chrono>

#include "planwright/plugin.hpp"

namespace {

/// Gives every input the same plan: `jobs` jobs without a command, after `sleep` milliseconds.
class NoopPlanner {
 public:
  explicit NoopPlanner(const pw::Settings& settings)
      : jobs_(settings.num("jobs", 0)),
        sleep_(settings.num("sleep", 0)) {}

  void plan(const pw::Input&, pw::Plan& plan, pw::Call& call) {
    call.sleep(sleep_);
    for (std::int64_t i = 0; i < jobs_; ++i) plan.job("job-" + std::to_string(i));
  }

 private:
  const std::int64_t jobs_;
  const std::chrono::milliseconds sleep_;
};

}  // namespace

PW_MODULE("planwright.noop-planner", "1.0.0", pw::Planner<NoopPlanner>)

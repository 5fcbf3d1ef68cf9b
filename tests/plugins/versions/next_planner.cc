// Later versions of planwright.noop-planner: one that plans a single job "next", one that cannot
// plan anything.
#include "planwright/plugin.hpp"

namespace {

class NextPlanner {
 public:
  explicit NextPlanner(const pw::Settings&) {}

  void plan(const pw::Input&, pw::Plan& plan, pw::Call&) {
    if (NEXT_FAILS) throw std::runtime_error("this version cannot plan");
    plan.job("next");
  }
};

}  // namespace

PW_MODULE("planwright.noop-planner", NEXT_VERSION, pw::Planner<NextPlanner>)

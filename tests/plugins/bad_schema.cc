// Its settings schema says what is not meant.
#include "planwright/plugin.hpp"

namespace {

struct Plain {
  explicit Plain(const pw::Settings&) {}
  void plan(const pw::Input&, pw::Plan& plan, pw::Call&) { plan.job("job"); }
};

}  // namespace

PW_MODULE("test.bad-schema", "1.0.0", pw::Planner<Plain>)

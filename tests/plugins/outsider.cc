// Its manifest does not let it run inside a host.
#include "planwright/plugin.hpp"

struct Outsider {
  explicit Outsider(const pw::Settings&) {}
  void plan(const pw::Input&, pw::Plan& plan, pw::Call&) { plan.job("job"); }
};

PW_MODULE("test.outsider", "1.0.0", pw::Planner<Outsider>)

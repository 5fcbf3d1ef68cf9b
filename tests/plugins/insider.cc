// Its manifest lets it run inside a host only.
#include "planwright/plugin.hpp"

struct Insider {
  explicit Insider(const pw::Settings&) {}
  void plan(const pw::Input&, pw::Plan& plan, pw::Call&) { plan.job("job"); }
};

PW_MODULE("test.insider", "1.0.0", pw::Planner<Insider>)

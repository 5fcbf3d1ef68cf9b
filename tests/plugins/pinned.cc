// Linked so that it can never be unloaded, and with symbols that others may bind to.
#include "planwright/plugin.hpp"

int exportedByMistake = 1;

struct Pinned {
  explicit Pinned(const pw::Settings&) {}
  void plan(const pw::Input&, pw::Plan& plan, pw::Call&) { plan.job("job"); }
};

PW_MODULE("test.pinned", "1.0.0", pw::Planner<Pinned>)

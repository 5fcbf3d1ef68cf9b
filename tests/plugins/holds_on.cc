// Says that it can be unloaded, but leaves a destructor with the thread that called it.
#include <string>

#include "planwright/plugin.hpp"

struct HoldsOn {
  explicit HoldsOn(const pw::Settings&) {}
  void plan(const pw::Input& input, pw::Plan& plan, pw::Call&) {
    thread_local std::string last;
    last = input.text();
    plan.job(last);
  }
};

PW_MODULE("test.holds-on", "1.0.0", pw::Planner<HoldsOn>)

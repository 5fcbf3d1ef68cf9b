// A later version of planwright.noop-builder that cannot build anything.
#include "planwright/plugin.hpp"

namespace {

class BrokenBuilder {
 public:
  explicit BrokenBuilder(const pw::Settings&) {}

  void build(const pw::Job&, pw::Call&) { throw std::runtime_error("this version cannot build"); }
};

}  // namespace

PW_MODULE("planwright.noop-builder", "3.0.0", pw::Builder<BrokenBuilder>)

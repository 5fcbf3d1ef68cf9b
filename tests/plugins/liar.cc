// Its manifest says 1.0.0.
#include "planwright/plugin.h"

namespace {
const void* nothing(const char*) {
  return nullptr;
}
}  // namespace

extern "C" constexpr pw_module planwright_module = {
    PW_MAGIC, sizeof(pw_module), PW_ABI_MAJOR, 0, "test.liar", "9.9.9", nullptr, nothing, nullptr};

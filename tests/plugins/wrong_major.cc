// Built for an ABI that does not exist yet.
#include "planwright/plugin.h"

namespace {
const void* nothing(const char*) {
  return nullptr;
}
}  // namespace

extern "C" constexpr pw_module planwright_module = {
    PW_MAGIC, sizeof(pw_module), 2, 0, "test.wrong-major", "1.0.0", nullptr, nothing, nullptr};

#include "control/control_parts.h"

#include "stages/registry.h"

namespace planwright {

std::shared_ptr<const Plugins> ControlParts::pluginsNow(const std::string& queue) const {
  if (auto own = pluginsOf ? pluginsOf(queue) : nullptr) return own;
  return {std::shared_ptr<const Plugins>(), plugins};  // the host's, which outlives us
}

}  // namespace planwright

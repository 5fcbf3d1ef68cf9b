#include "control/control_parts.h"

namespace planwright {

std::shared_ptr<const Plugins> ControlParts::pluginsNow(const std::string& queue) const {
  if (queues) return queues->pluginsOf(queue);
  return {std::shared_ptr<const Plugins>(), plugins};  // the host's, which outlives us
}

}  // namespace planwright

#include "control/ticket_desk.h"

#include "base/log.h"
#include "base/unavailable.h"

namespace planwright {

std::optional<std::int64_t> TicketDesk::push(const std::string& list,
                                             const std::vector<std::int64_t>& ids) {
  try {
    return (*tickets_.lock())->push(list, ids);
  } catch (const Unavailable& e) {
    log::warn("pushed no tickets list={} ids={}: {}", list, ids.size(), e.what());
    return std::nullopt;
  }
}

}  // namespace planwright

#include "store/line_rows.h"

#include "store/pg_array.h"

namespace planwright {

bool LineRows::isOpen(const std::string& queue) {
  const Rows open = connection_.run("queue_is_open", {queue});
  return !open.empty() && open.flag(0, statements_.isOpen);
}

std::vector<QueuedItem> LineRows::due(const std::string& queue, std::size_t limit) {
  const Rows rows = connection_.run(statements_.due, {queue, static_cast<std::int64_t>(limit)});
  std::vector<QueuedItem> items;
  for (std::size_t i = 0; i < rows.size(); ++i)
    items.push_back({rows.number(i, "id"), rows.text(i, "source")});
  return items;
}

std::vector<std::int64_t> LineRows::dueAlone(const std::string& queue) {
  return connection_.run(statements_.dueAlone, {queue}).numbers();
}

bool LineRows::doOthersWait(const std::string& queue, const std::string& source) {
  return connection_.run(statements_.othersWait, {queue, source}).flag(0, 0);
}

Rows LineRows::claimRows(const std::vector<std::int64_t>& ids, InstanceId instance,
                         const std::string& queue, bool alone) {
  return connection_.run(statements_.claim, {PgArray::of(ids), number(instance), queue, alone});
}

Rows LineRows::cancelled(InstanceId instance, const std::string& queue) {
  return connection_.run(statements_.cancelled, {number(instance), queue});
}

}  // namespace planwright

#include "store/queue_rows.h"

namespace planwright {

void QueueRows::configure(const QueueRow& start, std::int64_t instance) {
  connection_.run("queue_configure",
                  {start.name, start.autoPlan, start.autoBuild, start.watchDir, start.planWorkers,
                   start.buildWorkers, start.jobSlots, start.poisonAfter, instance});
}

void QueueRows::holdPlanning(const std::string& queue, const std::string& reason,
                             const std::string& quarantined) {
  connection_.run("queue_hold_planning", {queue, reason, quarantined});
}

void QueueRows::holdBuilding(const std::string& queue, const std::string& reason,
                             const std::string& quarantined) {
  connection_.run("queue_hold_building", {queue, reason, quarantined});
}

void QueueRows::release(const std::string& queue) {
  connection_.run("queue_release", {queue});
}

void QueueRows::leave(const std::string& queue, std::int64_t instance) {
  connection_.run("queue_leave",
                  {queue, instance, "No host is configured to run this queue any more."});
}

std::vector<QueueRow> QueueRows::all() {
  const Rows rows = connection_.run("queue_settings");
  std::vector<QueueRow> all(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    all[i] = {rows.text(i, "name"),
              rows.flag(i, "auto_plan"),
              rows.flag(i, "auto_build"),
              rows.text(i, "watch_dir"),
              static_cast<int>(rows.number(i, "plan_workers")),
              static_cast<int>(rows.number(i, "build_workers")),
              static_cast<int>(rows.number(i, "job_slots"))};
    all[i].nudge = rows.number(i, "nudge");
  }
  return all;
}

}  // namespace planwright

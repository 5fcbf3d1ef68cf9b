#include "cli/listings.h"

#include <algorithm>
#include <cassert>

namespace planwright::cli {
namespace {

Column statusColumn() {
  Column status = column("STATUS", "status");
  status.isStatus = true;
  return status;
}

/// "yes" while an item waits in its queue: a time, not a status.
Column queuedColumn() {
  return {"QUEUED",
          [](const JsonValue& item) { return boolOr(item, "queued", false) ? "yes" : "no"; }, false,
          false};
}

Column jobsColumn() {
  return {"JOBS",
          [](const JsonValue& item) {
            const std::string jobs = valueAt(item, "summary.jobs");
            const std::string done = valueAt(item, "summary.done");
            if (jobs == "-") return jobs;
            return (done == "-" ? "0" : done) + "/" + jobs;
          },
          false, false};
}

Column countColumn(std::string title, std::string path, std::string running) {
  return {std::move(title),
          [path = std::move(path), running = std::move(running)](const JsonValue& item) {
            return valueAt(item, path) + " waiting, " + valueAt(item, running) + " running";
          },
          false, false};
}

Column modeColumn(std::string title, std::string key) {
  return {std::move(title),
          [key = std::move(key)](const JsonValue& item) {
            return boolOr(item, key, false) ? "auto" : "manual";
          },
          false, false};
}

Column attemptsColumn() {
  return {"ATTEMPTS",
          [](const JsonValue& item) {
            const JsonValue* attempts = find(item, "attempts");
            return attempts && attempts->IsArray() ? std::to_string(attempts->Size()) : "-";
          },
          false, false};
}

std::vector<Listing> makeListings() {
  const Column reason = column("REASON", "reason.message");
  const Column created = column("CREATED", "created_at", true);
  const Column queue = column("QUEUE", "queue");
  return {
      {"inputs",
       "input",
       "/api/pending-inputs",
       {column("ID", "id"), queue, column("FILE", "filename"), column("GEN", "generation"),
        column("BYTES", "size"), statusColumn(), queuedColumn(), created,
        column("DIGEST", "digest", true), reason}},
      {"plans",
       "plan",
       "/api/plans",
       {column("ID", "id"), queue, column("FILE", "filename"), statusColumn(), queuedColumn(),
        jobsColumn(), column("INPUT", "pending_input_id", true), column("BUILD", "build_id", true),
        created, column("DIGEST", "plan_digest", true), reason}},
      {"builds",
       "build",
       "/api/builds",
       {column("ID", "id"), column("PLAN", "plan_id"), queue, statusColumn(), created, reason}},
      {"jobs",
       "job",
       "/api/jobs",
       {column("ID", "id"), column("PLAN", "plan_id"), column("NAME", "name"), statusColumn(),
        attemptsColumn(), column("NEEDS", "needs"), column("BUILD", "build_id", true), reason}},
      {"queues",
       "queue",
       "/api/queues",
       {column("NAME", "name"), modeColumn("PLANNING", "auto_plan"),
        countColumn("PLAN_QUEUE", "plan.depth", "plan.running"),
        column("WORKERS", "plan.workers", true), column("ISOLATION", "plan.isolation", true),
        modeColumn("BUILDING", "auto_build"),
        countColumn("BUILD_QUEUE", "build.depth", "build.running"),
        column("WORKERS", "build.workers", true), column("ISOLATION", "build.isolation", true),
        column("JOB_SLOTS", "build.job_slots", true)}},
      {"workers",
       "worker",
       "/api/workers",
       {column("ID", "id"), column("HOST", "hostname"), column("PID", "pid"),
        column("ROLES", "roles"), column("PLANNING", "planning"), column("BUILDING", "building"),
        column("VERSION", "version", true), column("STARTED", "started_at", true)}},
      {"plugins",
       "plugin",
       "/api/plugins",
       {column("ID", "id"), column("VERSION", "version"), column("STAGES", "stages"),
        column("QUEUES", "queues"), column("ISOLATION", "isolation"), column("ERROR", "error")}},
  };
}

}  // namespace

const std::vector<Listing>& listings() {
  static const std::vector<Listing> all = makeListings();
  return all;
}

const Listing& listing(std::string_view name) {
  const auto found = std::find_if(listings().begin(), listings().end(), [&](const Listing& l) {
    return l.plural == name || l.singular == name;
  });
  assert(found != listings().end());
  return *found;
}

}  // namespace planwright::cli

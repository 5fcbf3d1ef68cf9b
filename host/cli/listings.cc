#include "cli/listings.h"

#include <algorithm>
#include <cassert>

namespace planwright::cli {
namespace {

std::string joinedBody(const std::vector<const JsonValue*>& items, const std::string& nextCursor) {
  JsonWriter json;
  json.object().key("items").array();
  for (const JsonValue* item : items) json.value(*item);
  json.end().textOrNull("next_cursor", nextCursor).member("total", items.size()).end();
  return json.take();
}

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
        column("UNCHANGED_SINCE", "unchanged.since_plan"), created,
        column("DIGEST", "plan_digest", true), reason}},
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

std::vector<const JsonValue*> Pages::items() const {
  std::vector<const JsonValue*> items;
  for (const auto& page : documents) {
    const JsonValue* list = find(page, "items");
    if (!list || !list->IsArray()) continue;
    for (const auto& item : list->GetArray()) items.push_back(&item);
  }
  return items;
}

Pages fetchPages(Client& client, const std::string& pathAndQuery, std::size_t atLeast,
                 const std::string& next) {
  Pages pages;
  const std::string join = pathAndQuery.find('?') == std::string::npos ? "?cursor=" : "&cursor=";
  do {
    const std::string cursor = pages.nextCursor.empty() ? "" : join + urlEncoded(pages.nextCursor);
    Reply reply = client.get(pathAndQuery + cursor);
    if (!reply.ok()) throw failureOf(reply, next);
    auto page = parseJson(reply.body);
    if (!page || !page->IsObject())
      throw CommandFailure(ExitCode::Unreachable, client.baseUrl() +
                                                      " did not answer with a list; is this a "
                                                      "planwright server?");
    pages.nextCursor = textOr(*page, "next_cursor");
    pages.documents.push_back(std::move(*page));
    pages.body = std::move(reply.body);
  } while (!pages.nextCursor.empty() && pages.items().size() < atLeast);
  if (pages.documents.size() > 1) pages.body = joinedBody(pages.items(), pages.nextCursor);
  return pages;
}

Pages fetchJobs(Client& client, const std::string& path, const std::string& next) {
  return fetchPages(client, path + "/jobs?limit=200", kEveryItem, next);
}

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

ExitCode showObject(Session& session, const std::string& path, const std::string& next) {
  const Reply reply = session.client().get(path);
  if (!reply.ok()) throw failureOf(reply, next);
  printObject(session, reply.body);
  return ExitCode::Done;
}

}  // namespace planwright::cli

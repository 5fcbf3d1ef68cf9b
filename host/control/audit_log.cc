#include "control/audit_log.h"

#include <vector>

#include "base/json.h"
#include "base/log.h"
#include "control/pages.h"
#include "store/audit_rows.h"

namespace planwright {
namespace {

constexpr std::int64_t kMostCounted = 10'000;

std::string entryJson(const Rows& rows, std::size_t row) {
  JsonWriter json;
  json.object().member("id", rows.number(row, "id"));
  for (const char* name : {"at", "actor", "actor_kind", "address", "user_agent", "request_id",
                           "action", "item", "queue"})
    json.textOrNull(name, rows.text(row, name));
  json.member("allowed", rows.flag(row, "allowed")).key("status");
  if (rows.isNull(row, "status"))
    json.null();
  else
    json.value(rows.number(row, "status"));
  return json.textOrNull("reason", rows.text(row, "reason"))
      .rawMember("before", rows.text(row, "before"))
      .rawMember("after", rows.text(row, "after"))
      .end()
      .take();
}

}  // namespace

void AuditLog::add(const AuditEntry& entry) const noexcept {
  try {
    addAuditRow(*parts_.database.lease(Workload::Keyed), entry);
  } catch (const std::exception& e) {
    log::error("audit row not written actor={} action={} item={} allowed={} request={} error={}",
               entry.actor.name, entry.action, entry.item, entry.isAllowed, entry.requestId,
               e.what());
    parts_.metrics.add("planwright_audit_lost_total", {}, 1);
  }
}

Result<std::string> AuditLog::list(const AuditQuery& query) const {
  for (const auto& [name, time] : {std::pair("since", query.since), {"until", query.until}})
    if (time && !looksLikeATime(*time))
      return badParameter(name, "It must be a time such as 2026-01-31T12:00:00Z.");
  const auto below = cursorNumber(query.cursor, kNewest);
  if (!below) return below.error();
  const auto allowed =
      query.isAllowed ? std::optional<std::string>(*query.isAllowed ? "t" : "f") : std::nullopt;
  auto connection = parts_.database.lease();
  const Rows rows =
      connection->run("audit_page", {*below, query.actor, query.action, query.queue, query.item,
                                     allowed, query.since, query.until, query.limit + 1});
  const std::int64_t total =
      connection
          ->run("audit_total", {query.actor, query.action, query.queue, query.item, allowed,
                                query.since, query.until, kMostCounted})
          .number(0, 0);
  std::vector<std::string> items;
  for (std::size_t i = 0; i < rows.size() && items.size() < static_cast<std::size_t>(query.limit);
       ++i)
    items.push_back(entryJson(rows, i));
  const std::string next =
      rows.size() > items.size() ? cursorText(rows.number(items.size() - 1, "id")) : "";
  return pageJson(items, next, total, total == kMostCounted);
}

}  // namespace planwright

#include "store/audit_rows.h"

#include <optional>
#include <string>

namespace planwright {
namespace {

std::optional<std::string> orNull(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

std::optional<std::string> orNull(std::int64_t number) {
  return number == 0 ? std::nullopt : std::optional(std::to_string(number));
}

}  // namespace

void addAuditRow(Connection& connection, const AuditEntry& entry) {
  connection.run("audit_add",
                 {entry.actor.name, toText(entry.actor.kind), orNull(entry.actor.key),
                  entry.address, entry.userAgent, entry.requestId, entry.action, entry.item,
                  entry.queue, entry.isAllowed ? "t" : "f", orNull(entry.status), entry.reason,
                  orNull(entry.before), orNull(entry.after)});
}

}  // namespace planwright

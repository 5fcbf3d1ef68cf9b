#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "control/control_parts.h"
#include "model/audit_entry.h"

namespace planwright {

/// The filter of a page of the audit; empty = all.
struct AuditQuery {
  std::optional<std::string> actor = {}, action = {}, queue = {}, item = {};
  std::optional<bool> isAllowed = {};
  std::optional<std::string> since = {}, until = {};  ///< RFC 3339
  std::optional<std::string> cursor = {};             ///< from `next_cursor`
  int limit = 50;                                     ///< 1..200
};

/// Who did what, and who was refused. [any thread]
class AuditLog {
 public:
  explicit AuditLog(const ControlParts& parts) : parts_(parts) {}

  /// The row is committed when this returns. If it cannot be written, the host's log has it
  /// instead, and planwright_audit_lost_total counts it: what was done is done.
  void add(const AuditEntry& entry) const noexcept;
  /// {items, next_cursor, total[, total_is_lower_bound]}, newest first. Invalid: a parameter is
  /// none.
  Result<std::string> list(const AuditQuery& query) const;

 private:
  const ControlParts& parts_;
};

}  // namespace planwright

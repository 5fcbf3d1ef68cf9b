#pragma once

#include "model/audit_entry.h"
#include "store/database.h"

namespace planwright {

/// Adds one row. Nothing changes it from then on.
void addAuditRow(Connection& connection, const AuditEntry& entry);

}  // namespace planwright

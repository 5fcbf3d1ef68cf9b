#pragma once

#include "control/actions.h"
#include "control/audit_log.h"
#include "control/cache_answers.h"
#include "control/contents.h"
#include "control/control_parts.h"
#include "control/dead_letters.h"
#include "control/event_log.h"
#include "control/idempotency.h"
#include "control/listings.h"
#include "control/maintenance.h"
#include "control/nudges.h"
#include "control/overview.h"
#include "control/package_index.h"
#include "control/queue_settings.h"
#include "control/statements.h"

namespace planwright {

/// Everything a person or a program can ask of the host or have it do; what the routes are written
/// against. Verbs commit to Postgres first and push ids after, so Redis may be away. Owned by
/// Application, built from what the parts name. [any thread]
class Control {
 public:
  explicit Control(ControlParts wanted)
      : parts(std::move(wanted)),
        actions(parts),
        settings(parts, actions),
        deadLetters(parts, actions),
        listings(parts),
        contents(parts),
        index(parts),
        cache(parts),
        statements(parts, contents),
        overview(parts),
        events(parts),
        audit(parts),
        idempotency(parts),
        nudges(parts),
        maintenance(parts) {}
  ~Control() = default;
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;

  const ControlParts parts;
  const Actions actions;
  const QueueSettings settings;
  const DeadLetters deadLetters;
  Listings listings;
  const Contents contents;
  PackageIndex index;
  const CacheAnswers cache;
  const Statements statements;
  Overview overview;
  const EventLog events;
  const AuditLog audit;
  const Idempotency idempotency;
  const Nudges nudges;
  const Maintenance maintenance;
};

}  // namespace planwright

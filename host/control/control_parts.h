#pragma once

#include <memory>
#include <string>

#include "base/service_state.h"
#include "base/signing_key.h"
#include "control/ticket_desk.h"
#include "programs/sandbox_report.h"
#include "queues/plugin_switch.h"
#include "queues/queues.h"
#include "queues/reload.h"
#include "stages/registry.h"
#include "workers/host.h"

namespace planwright {

/// What control stands on: the host, and what only people ask for. Everything outlives it and may
/// be used from any thread. What may be null is so in tests, where no queue runs.
struct ControlParts : Host {
  TicketDesk& tickets;
  const SigningKey* signingKey = nullptr;  ///< none: no statements
  const Plugins* plugins = nullptr;        ///< of the plugin folders
  const SandboxReport* sandbox = nullptr;
  Queues* queues = nullptr;
  Reload* reload = nullptr;
  PluginSwitch* plugSwitch = nullptr;
  const ServiceState* postgres = nullptr;
  const ServiceState* redis = nullptr;
  const ServiceState* store = nullptr;

  /// What a queue runs with now, or null. Valid while the result lives.
  std::shared_ptr<const Plugins> pluginsNow(const std::string& queue) const;
};

/// Runs `enqueue` of one item; with a trace id, the item belongs to that trace if it was queued.
template <class Enqueue>
Rows traced(Connection& connection, std::string_view statement, std::int64_t id,
            const std::string& traceId, Enqueue enqueue) {
  if (traceId.empty()) return enqueue();
  Transaction together(connection);
  connection.run(statement, {id, traceId});
  Rows rows = enqueue();
  if (!rows.empty() && rows.text(0, "outcome") == "queued") together.commit();
  return rows;
}

}  // namespace planwright

#pragma once

#include <functional>
#include <map>
#include <string_view>

#include "control/control.h"
#include "control/event_feed.h"
#include "http/gate.h"
#include "http/router.h"
#include "http/server.h"
#include "webhooks/webhooks.h"

namespace planwright {

/// What signing in takes.
struct AccessParts {
  Keys* keys;  ///< null: whoever reaches the address is an administrator
  WrongKeys& wrongKeys;
  std::string cookie;  ///< sessionCookie()
};

/// What the routes use. Everything outlives the server.
struct ApiParts {
  Control& control;
  EventFeed& feed;
  const std::map<std::string_view, std::string_view>& files;  ///< embeddedFiles()
  Server& server;
  AccessParts access;
  Webhooks& webhooks;
};

/// Mounts everything the program answers: the API, health, metrics, and the page for the rest.
void addRoutes(Router& router, const ApiParts& parts);

// By resource, each in its routes_*.cc.
void addInputRoutes(Router& router, Control& control);
void addPlanRoutes(Router& router, Control& control);
void addBuildRoutes(Router& router, Control& control);
void addJobRoutes(Router& router, Control& control);
void addLogRoutes(Router& router, Control& control);
void addDeadLetterRoutes(Router& router, Control& control);
void addSettingsRoutes(Router& router, Control& control);
void addQueueRoutes(Router& router, Control& control);
void addReloadRoute(Router& router, Control& control);
void addEventRoutes(Router& router, Control& control, EventFeed& feed);
void addIndexRoutes(Router& router, Control& control);
void addAccessRoutes(Router& router, Control& control, const AccessParts& access);
void addAuditRoutes(Router& router, Control& control);
/// /metrics, /healthz and /readyz. `api`: whose connections /metrics tells of, or null.
void addProbeRoutes(Router& router, Control& control, Server* api);
void addMaintenanceRoutes(Router& router, Control& control);
void addWebhookRoutes(Router& router, Control& control, Webhooks& webhooks);
void addSystemRoutes(Router& router, const ApiParts& parts);
void addPageRoutes(Router& router, const ApiParts& parts);

/// For ServerOptions::onRequest: planwright_http_request_duration_seconds.
std::function<void(const RequestRecord&)> countRequests(Metrics& metrics);

}  // namespace planwright

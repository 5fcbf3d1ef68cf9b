#include "http/api.h"

#include <algorithm>
#include <memory>
#include <string>

#include "http/assets.h"
#include "http/problem.h"

namespace planwright {

void addRoutes(Router& router, const ApiParts& parts) {
  addInputRoutes(router, parts.control);
  addPlanRoutes(router, parts.control);
  addBuildRoutes(router, parts.control);
  addJobRoutes(router, parts.control);
  addLogRoutes(router, parts.control);
  addDeadLetterRoutes(router, parts.control);
  addSettingsRoutes(router, parts.control);
  addQueueRoutes(router, parts.control);
  addReloadRoute(router, parts.control);
  addEventRoutes(router, parts.control, parts.feed);
  addIndexRoutes(router, parts.control);
  addAccessRoutes(router, parts.control, parts.access);
  addAuditRoutes(router, parts.control);
  addMaintenanceRoutes(router, parts.control);
  addWebhookRoutes(router, parts.control, parts.webhooks);
  addSystemRoutes(router, parts);
  addPageRoutes(router, parts);
}

namespace {

/// What somebody means for the API, or for a probe, must not get the page with 200, however it is
/// spelled.
bool isMeantForARoute(const Router& router, std::string_view path) {
  if (!path.starts_with('/') || path.find("//") != path.npos) return true;
  path.remove_prefix(1);
  if (router.hasTop(path.substr(0, path.find('/')))) return true;
  for (std::size_t from = 0; from <= path.size();) {
    const std::size_t to = std::min(path.find('/', from), path.size());
    const std::string_view step = path.substr(from, to - from);
    if (step == "." || step == "..") return true;
    from = to + 1;
  }
  return false;
}

}  // namespace

void addPageRoutes(Router& router, const ApiParts& parts) {
  const auto assets = std::make_shared<const Assets>(parts.files, "ui/dist/");
  router.fallback([assets, &router](const Request& request) {
    const Result<std::string> path = decodedUrl(request.path);
    if (!path || isMeantForARoute(router, *path))
      return problem(404, "not-found", "There is nothing at " + request.path + ".");
    std::string_view name = std::string_view(*path).substr(1);
    // A path without an ending is one of the page's own: it draws it in the browser.
    const bool isPagePath = name.substr(name.rfind('/') + 1).find('.') == std::string_view::npos;
    if (!assets->has(name) && isPagePath) name = "";
    return assets->serve(request, name);
  });
}

std::function<void(const RequestRecord&)> countRequests(Metrics& metrics) {
  return [&metrics](const RequestRecord& record) {
    metrics.observe("planwright_http_request_duration_seconds",
                    {{"route", record.route.empty() ? "page" : record.route},
                     {"method", toText(record.method)},
                     {"code", std::to_string(record.status)}},
                    std::chrono::duration<double>(record.duration).count());
  };
}

}  // namespace planwright

#include "http/api.h"

#include <memory>
#include <string>

#include "http/assets.h"
#include "http/headers.h"
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
  addSystemRoutes(router, parts);
  addPageRoutes(router, parts);
}

void addPageRoutes(Router& router, const ApiParts& parts) {
  const auto assets = std::make_shared<const Assets>(parts.files, "ui/dist/");
  router.fallback([assets](const Request& request) {
    std::string_view name = request.path;
    name.remove_prefix(std::min<std::size_t>(1, name.size()));
    const std::string_view first = name.substr(0, name.find('/'));
    // Also what somebody means for the API: it must not get the page with 200.
    if (equalsIgnoringCase(first, "api") || first == "simple" || name.find("//") != name.npos ||
        name.starts_with('/'))
      return problem(404, "not-found", "There is nothing at " + request.path + ".");
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

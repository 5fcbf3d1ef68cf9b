#include "application/metrics_side.h"

#include <stdexcept>

#include "http/api.h"

namespace planwright {

MetricsSide::MetricsSide(const ListenConfig& listen, Control& control, Server* api) {
  addProbeRoutes(router_, control, api);
  ServerOptions options;
  options.listen = listen;
  options.threads = 2;
  options.allowedHosts = {"*"};  // collectors use the address; nothing here is a secret
  options.gate = [](Request& request, const Route&) -> std::optional<Response> {
    request.caller = Caller::nobody();
    return std::nullopt;
  };
  options.onRequest = countRequests(control.parts.metrics);
  server_ = std::make_unique<Server>(router_, options);
  if (const auto ok = server_->listen(); !ok)
    throw std::runtime_error("metrics_listen: " + ok.error().message);
  server_->start();
}

MetricsSide::~MetricsSide() {
  server_->stop();
}

}  // namespace planwright

#pragma once

#include <memory>
#include <string>

#include "config/listen_config.h"
#include "control/control.h"
#include "http/server.h"

namespace planwright {

/// `/metrics`, `/healthz` and `/readyz` at an address of their own, without a token
/// (`metrics_listen`). Any host may have it, whatever its roles. Listens and answers from
/// construction to destruction. Main thread.
class MetricsSide {
 public:
  /// `api`: the server whose connections /metrics tells of, or null. Everything outlives it. Throws
  /// if the address cannot be taken.
  MetricsSide(const ListenConfig& listen, Control& control, Server* api);
  ~MetricsSide();
  MetricsSide(const MetricsSide&) = delete;
  MetricsSide& operator=(const MetricsSide&) = delete;

  std::string url() const { return server_->url(); }

 private:
  Router router_;
  std::unique_ptr<Server> server_;
};

}  // namespace planwright

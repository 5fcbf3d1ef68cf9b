#include "application/api_side.h"

#include <memory>
#include <optional>
#include <stdexcept>

#include "access/keys.h"
#include "access/token_file.h"
#include "base/embedded_files.h"
#include "base/files.h"
#include "control/event_feed.h"
#include "http/api.h"
#include "http/auditor.h"
#include "http/gate.h"
#include "http/hub_sink.h"
#include "http/request_limit.h"

namespace planwright {

struct ApiSide::State {
  Parts parts;
  const Host& host;
  std::unique_ptr<Keys> keys;  ///< null: nobody has to sign in
  WrongKeys wrongKeys;
  ItemQueues itemQueues;
  RequestQueues requestQueues;
  Auditor auditor;
  Webhooks webhooks;
  std::optional<Gate> gate;
  RequestLimit limit;
  Router router;
  Server server;
  HubSink sink;
  EventFeed feed;

  explicit State(Parts given)
      : parts(std::move(given)),
        host(parts.control.parts),
        keys(openKeys()),
        wrongKeys(host.clock),
        itemQueues(host.database),
        requestQueues(itemQueues, host.config),
        auditor(parts.control, requestQueues, embeddedFiles().at("host/http/openapi.json")),
        webhooks({host.database, host.bell, host.clock}),
        limit(host.config, host.clock),
        server(router, serverOptions()),
        sink(server.hub()),
        feed(parts.control.parts, sink) {
    parts.control.statements.publishKey();
  }

  /// After the server listens: its port names the cookie.
  void mount() {
    const std::string cookie = sessionCookie(server.port());
    gate.emplace(Gate::Parts{keys.get(), requestQueues, wrongKeys, cookie});
    addRoutes(
        router,
        {parts.control, feed, embeddedFiles(), server, {keys.get(), wrongKeys, cookie}, webhooks});
  }

  std::unique_ptr<Keys> openKeys() const {
    if (host.config.now()->access.isOpen) return nullptr;
    if (const auto made = makeTokenFile(parts.tokenFile); !made)
      throw std::runtime_error(made.error().message);
    return std::make_unique<Keys>(
        Keys::Parts{host.database, host.config, host.clock, parts.tokenFile});
  }

  ServerOptions serverOptions() {
    ServerOptions options;
    const auto config = host.config.now();
    options.listen = config->listen;
    options.spoolFolder = parts.spoolFolder;
    options.allowedHosts = config->hosts;
    options.readOnly = config->readOnly;
    options.maintenance = [this]() -> std::optional<std::string> {
      const auto note = parts.control.maintenance.now();
      return note ? std::optional(note->sentence) : std::nullopt;
    };
    options.gate = [this](Request& request, const Route& route) { return (*gate)(request, route); };
    options.limit = [this](const Request& request, const Route& route) {
      return limit(request, route);
    };
    options.onWrite = [this](const Request& request, const Route& route, const Response& response) {
      auditor.add(request, route, response);
    };
    options.onRequest = countRequests(host.metrics);
    return options;
  }
};

ApiSide::ApiSide(Parts parts) {
  makeFolder(parts.spoolFolder, 0700);
  state_ = std::make_unique<State>(std::move(parts));
  if (const auto ok = state_->server.listen(); !ok) throw std::runtime_error(ok.error().message);
  state_->mount();
  state_->server.start();
  state_->feed.start();
}

ApiSide::~ApiSide() {
  state_->feed.stop();
  state_->server.stop();
}

Server& ApiSide::server() {
  return state_->server;
}

std::string ApiSide::url() const {
  return state_->server.url();
}

std::string ApiSide::loginUrl() const {
  if (!state_->keys || state_->server.port() == 0) return {};  // no browser opens a unix socket
  return url() + "/login#" + state_->keys->addAdministratorLink();
}

}  // namespace planwright

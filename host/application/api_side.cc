#include "application/api_side.h"

#include <stdexcept>

#include "base/embedded_files.h"
#include "base/files.h"
#include "control/control.h"
#include "control/event_feed.h"
#include "control/ticket_desk.h"
#include "http/api.h"
#include "http/hub_sink.h"
#include "http/server.h"

namespace planwright {

namespace {

SigningKey openKey(const std::filesystem::path& file) {
  auto key = SigningKey::open(file);
  if (!key) throw std::runtime_error(key.error().message);
  return std::move(*key);
}

}  // namespace

struct ApiSide::State {
  Parts parts;
  SigningKey signingKey;
  TicketDesk tickets;
  Control control;
  Router router;
  Server server;
  HubSink sink;
  EventFeed feed;

  explicit State(Parts given)
      : parts(std::move(given)),
        signingKey(openKey(parts.signingKeyFile)),
        tickets(parts.host.connectTickets()),
        control(controlParts()),
        server(router, serverOptions()),
        sink(server.hub()),
        feed(control.parts, sink) {
    control.statements.publishKey();
    addRoutes(router, {control, feed, embeddedFiles(), server});
  }

  ControlParts controlParts() {
    return {parts.host,      tickets,       &signingKey,   &parts.plugins,
            &parts.sandbox,  &parts.queues, &parts.reload, &parts.plugSwitch,
            &parts.postgres, &parts.redis,  &parts.store};
  }

  ServerOptions serverOptions() const {
    ServerOptions options;
    const auto config = parts.host.config.now();
    options.listen = config->listen;
    options.spoolFolder = parts.spoolFolder;
    options.allowedHosts = config->hosts;
    options.readOnly = config->readOnly;
    options.onRequest = countRequests(parts.host.metrics);
    return options;
  }
};

ApiSide::ApiSide(Parts parts) {
  makeFolder(parts.spoolFolder, 0700);
  state_ = std::make_unique<State>(std::move(parts));
  if (const auto ok = state_->server.listen(); !ok) throw std::runtime_error(ok.error().message);
  state_->server.start();
  state_->feed.start();
}

ApiSide::~ApiSide() {
  state_->feed.stop();
  state_->server.stop();
}

std::string ApiSide::url() const {
  return state_->server.url();
}

}  // namespace planwright

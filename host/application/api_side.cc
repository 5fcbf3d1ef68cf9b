#include "application/api_side.h"

#include <stdexcept>

#include "control/control.h"
#include "control/ticket_desk.h"
#include "http/server.h"

namespace planwright {

struct ApiSide::State {
  Parts parts;
  TicketDesk tickets;
  Control control;
  Router router;
  std::unique_ptr<Server> server;

  explicit State(Parts given)
      : parts(std::move(given)),
        tickets(parts.connectTickets()),
        control(controlParts()) {}

  ControlParts controlParts() {
    return {.database = parts.database,
            .tickets = tickets,
            .config = parts.config,
            .blobs = parts.blobs,
            .bell = parts.bell,
            .clock = parts.clock,
            .metrics = parts.metrics,
            .plugins = &parts.plugins,
            .logsFolder = parts.logFolder,
            .arriving = parts.arrivingJson};
  }
};

ApiSide::ApiSide(Parts parts) : state_(std::make_unique<State>(std::move(parts))) {
  State& state = *state_;
  std::filesystem::create_directories(state.parts.spoolFolder);
  ServerOptions options;
  options.listen = state.parts.config.listen;
  options.spoolFolder = state.parts.spoolFolder;
  options.allowedHosts = state.parts.config.hosts;
  options.readOnly = state.parts.config.readOnly;
  state.server = std::make_unique<Server>(state.router, std::move(options));
  if (const auto ok = state.server->listen(); !ok) throw std::runtime_error(ok.error().message);
  state.server->start();
}

ApiSide::~ApiSide() {
  state_->server->stop();
}

std::string ApiSide::url() const {
  return state_->server->url();
}

}  // namespace planwright

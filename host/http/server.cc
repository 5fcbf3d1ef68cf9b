#include "http/server.h"

#include <utility>

#include "http/dispatcher.h"
#include "http/late_answers.h"
#include "http/listener.h"
#include "http/reactor.h"

namespace planwright {

struct Server::State {
  State(const Router& router, ServerOptions wanted)
      : options(std::move(wanted)),
        seats(options.limits),
        hub(options.hub),
        dispatcher(router, options),
        late(dispatcher, hub),
        context{dispatcher, options, hub, late, seats} {}

  const ServerOptions options;
  ConnectionSeats seats;
  Hub hub;
  const Dispatcher dispatcher;
  LateAnswers late;
  const ConnectionContext context;
  Listener listener;
  std::unique_ptr<Reactor> reactor;
};

Server::Server(const Router& router, ServerOptions options)
    : state_(std::make_unique<State>(router, std::move(options))) {}

Server::~Server() {
  stop();
}

Result<void> Server::listen() {
  Result<Listener> listener = listenOn(state_->options.listen);
  if (!listener) return listener.error();
  state_->listener = std::move(*listener);
  return {};
}

void Server::start() {
  state_->reactor = std::make_unique<Reactor>(state_->listener.socket.get(),
                                              state_->options.threads, state_->context);
}

void Server::stop() {
  state_->reactor.reset();
  state_->late.stop();
  state_->hub.stop();
  state_->listener.name.remove();
  state_->listener.socket.reset();
}

std::string Server::url() const {
  return state_->listener.url;
}

int Server::port() const {
  return state_->listener.port;
}

Hub& Server::hub() {
  return state_->hub;
}

ConnectionSeats& Server::seats() {
  return state_->seats;
}

}  // namespace planwright

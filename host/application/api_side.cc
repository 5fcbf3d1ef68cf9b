#include "application/api_side.h"

#include <stdexcept>

#include "base/embedded_files.h"
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
        tickets(parts.connectTickets()),
        control(controlParts()),
        server(router, serverOptions()),
        sink(server.hub()),
        feed(control.parts, sink) {
    control.statements.publishKey();
    addRoutes(router, {control, feed, embeddedFiles()});
  }

  ControlParts controlParts() {
    return {
        .database = parts.database,
        .tickets = tickets,
        .config = parts.config,
        .blobs = parts.blobs,
        .bell = parts.bell,
        .clock = parts.clock,
        .metrics = parts.metrics,
        .plugins = &parts.plugins,
        .signingKey = &signingKey,
        .logsFolder = parts.logFolder,
        .sandboxJson = parts.sandbox.json(),
        .arriving = parts.arrivingJson,
        .configJson = [this] { return parts.reload.json(); },
        .reload = [this](const ReloadRequest& wish) { return parts.reload.run(wish); },
        .pluginsOf = parts.pluginsOf,
        .reloadPlugins =
            [this](const std::string& queue) { return parts.plugSwitch.reload(queue, "api"); },
        .rollbackPlugins =
            [this](const std::string& queue) { return parts.plugSwitch.rollback(queue, "api"); },
        .dependencies = [this] { return dependencies(); },
        .beforeScrape =
            [this](Metrics& metrics) {
              setHttpGauges(metrics, server);
              metrics.set("planwright_sandbox_level", {}, static_cast<double>(parts.sandbox.level));
              for (const auto& facility : parts.sandbox.facilities)
                metrics.set("planwright_sandbox_facility", {{"facility", facility.name}},
                            facility.works ? 1 : 0);
              metrics.set("planwright_plugin_parked_generations", {},
                          static_cast<double>(parts.plugins.parked()));
              metrics.set("planwright_postgres_up", {}, parts.postgres.isAway() ? 0 : 1);
              metrics.set("planwright_redis_up", {}, parts.redis.isAway() ? 0 : 1);
            }};
  }

  ServerOptions serverOptions() const {
    ServerOptions options;
    const auto config = parts.config.now();
    options.listen = config->listen;
    options.spoolFolder = parts.spoolFolder;
    options.allowedHosts = config->hosts;
    options.readOnly = config->readOnly;
    options.onRequest = countRequests(parts.metrics);
    return options;
  }

  std::vector<DependencyState> dependencies() {
    std::string sources;
    for (const auto& problem : parts.problems()) sources += (sources.empty() ? "" : "; ") + problem;
    return {{parts.postgres.name(), parts.postgres.problem()},
            {parts.redis.name(), parts.redis.problem(), false},
            {"watch_dir", sources}};
  }
};

ApiSide::ApiSide(Parts parts) {
  std::filesystem::create_directories(parts.spoolFolder);
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

#include "application/application.h"

#include <cstdlib>
#include <thread>

#include <fmt/format.h>
#include <unistd.h>

#include "access/token_file.h"
#include "application/api_side.h"
#include "application/metrics_side.h"
#include "base/files.h"
#include "base/json.h"
#include "base/log.h"
#include "base/own_program.h"
#include "base/remove_tree.h"
#include "base/threads.h"
#include "base/unavailable.h"
#include "offline/restore_mark.h"
#include "queues/left_folders.h"
#include "store/audit_rows.h"
#include "store/queue_rows.h"

namespace planwright {
namespace {

namespace fs = std::filesystem;

DataFolder openDataFolder(const Config& config) {
  auto folder = DataFolder::open(usableDataFolder(config.dataFolder));
  if (!folder) throw std::runtime_error(folder.error().message);
  return std::move(*folder);
}

std::string hostName() {
  char name[256] = "";
  ::gethostname(name, sizeof name - 1);
  return name;
}

std::string rolesText(const Roles& roles) {
  std::string text;
  const auto add = [&](bool has, const char* name) {
    text += has ? (text.empty() ? "" : ",") + std::string(name) : "";
  };
  add(roles.api, "api");
  add(roles.intake, "intake");
  add(roles.plan, "plan");
  add(roles.build, "build");
  add(roles.upkeep, "upkeep");
  return text;
}

SigningKey openKey(const fs::path& file) {
  auto key = SigningKey::open(file);
  if (!key) throw std::runtime_error(key.error().message);
  return std::move(*key);
}

std::shared_ptr<const PluginLock> pluginLock(const Config& config) {
  if (!config.plugins.requireLock) return nullptr;
  auto lock = PluginLock::read(PluginLock::fileBeside(config.file));
  if (!lock) throw std::runtime_error(lock.error().message);
  return std::make_shared<const PluginLock>(std::move(*lock));
}

}  // namespace

// Builds every object in order, so it may be long.  NOLINTNEXTLINE(readability-function-size)
Application::Application(const Config& config, Reread reread, const std::stop_token& stop)
    : live_(config),
      dataFolder_(openDataFolder(config)) {
  const fs::path& data = dataFolder_.path();
  log::alsoTo(log::fileOf(data));
  const fs::path blobFolder = config.blobs.folder.empty() ? data / "blobs" : config.blobs.folder;
  RestoreMark(blobFolder).refuse();

  std::string postgresUrl = config.postgresUrl;
  redisUrl_ = config.redisUrl;
  if (postgresUrl.empty() || redisUrl_.empty()) {
    EmbeddedServices::Options options;
    options.dataFolder = data;
    options.withPostgres = postgresUrl.empty();
    options.withRedis = redisUrl_.empty();
    embedded_ = std::make_unique<EmbeddedServices>(options);
    embedded_->begin();  // what stands between here and awaitStart() needs neither of them
    if (options.withPostgres) postgresUrl = embedded_->postgresUrl();
    if (options.withRedis) redisUrl_ = embedded_->redisUrl();
  }
  KeeperOptions keeper;
  keeper.lockFd = dataFolder_.lockFd();
  // A beat comes every third of a lease, so nobody declares this host dead earlier than two thirds
  // after it fell silent; by then its programs are gone.
  keeper.leaseMillis = config.lease.count() * 3 / 5;
  keeper_ = std::make_unique<Keeper>(keeper);
  const fs::path work = data / "work";
  // Of attempts that died with the last run.
  if (const auto error = removeTree(work))
    throw std::system_error(error, "cannot empty " + work.string());
  makeFolder(work, 0711);  // programs run as users of their own, each in its own folder
  for (const char* part : {"plugins", "remote", "sources", "planners"})
    makeFolder(data / part, 0711);
  log::info("trying what sandbox the machine allows");
  sandbox_ = std::make_unique<Sandbox>(SandboxOptions{work}, *keeper_);
  log::info("sandbox level {}", toText(sandbox_->report().level));
  if (const auto* network = sandbox_->report().find("network"); network && !network->works)
    log::warn("sandbox: {}. {}", network->detail, sandbox_->report().remedy);

  if (embedded_) embedded_->awaitStart(stop);
  log::info("connecting to the database, and bringing its tables up to date");
  database_ = std::make_unique<Database>(postgresUrl, &postgresState_);
  database_->migrate();
  auto folder = FolderBlobs::open(blobFolder, database_->lease()->run("store_id").text(0, 0));
  if (!folder) throw std::runtime_error(folder.error().message);
  folderBlobs_ = std::move(*folder);
  blobs_ = std::make_unique<Blobs>(*database_, *folderBlobs_, metrics_);
  store_ = std::make_unique<PluginStore>(data / "plugins");
  quarantine_ = std::make_shared<Quarantine>(
      Quarantine::Rule{config.plugins.quarantineDeaths, config.plugins.quarantineWindow});
  quarantineWatch_ = std::make_unique<QuarantineWatch>(*quarantine_, metrics_);
  quarantineWatch_->look(*database_->lease());
  plugins_ = std::make_shared<const Plugins>(
      PluginOptions{bundledPluginFolders(), data / "plugins", work, pluginLock(config),
                    config.plugins.path, quarantine_, &metrics_},
      *sandbox_);
  logs_ = std::make_unique<LogWriter>(folderBlobs_->logs());

  auto connectTickets = [this]() -> std::unique_ptr<Tickets> {
    return std::make_unique<RedisTickets>(redisUrl_, &redisState_);
  };
  host_ = std::make_unique<Host>(Host{live_, *database_, connectTickets, *blobs_, bell_,
                                      membership_, metrics_, clock_, *logs_, work, data / "remote",
                                      data / "sources", data / "planners"});
  queues_ =
      std::make_unique<Queues>(*host_, plugins_, *store_);  // the heartbeat asks what they run with

  heartbeat_ = std::make_unique<Heartbeat>(
      *database_,
      Instances::Host{dataFolder_.id(), hostName(), rolesText(config.roles), PLANWRIGHT_VERSION,
                      ::getpid()},
      config.lease, membership_,
      Heartbeat::Doors{[this] { return queues_->toolsJson(*live_.now()); },
                       [this] { abandonQueues(); }});
  storeProbe_ = std::make_unique<StoreProbe>(*folderBlobs_);
  storeProbe_->start();
  serviceWatch_ = std::make_unique<ServiceWatch>(
      ServiceWatch::Parts{*database_, redisUrl_, postgresState_, redisState_, *storeProbe_,
                          storeState_, membership_, bell_});
  serviceWatch_->start();
  metrics_.set("planwright_process_start_time_seconds", {},
               std::chrono::duration<double>(clock_.now().time_since_epoch()).count());
  if (config.roles.upkeep) {
    reconciler_ = std::make_unique<Reconciler>(Reconciler::Parts{
        live_, *database_, std::make_unique<RedisTickets>(redisUrl_, &redisState_), config.lease,
        membership_, metrics_, bell_, clock_});
    retention_ = std::make_unique<Retention>(
        Retention::Parts{*database_, *folderBlobs_, live_, metrics_, clock_});
    retention_->start();
  }
  {
    const std::lock_guard lock(queuesMutex_);
    removeLeftSourceFolders(host_->sourceFolder, config, *database_->lease());
    removeLeftPlannerFolders(host_->plannerFolder, config);
    queues_->start(config);
  }
  if (reconciler_) reconciler_->start();
  if (config.roles.plan || config.roles.build) {
    forgottenClaims_ = std::make_unique<ForgottenClaims>(ForgottenClaims::Parts{
        *database_, membership_, metrics_, bell_, [this] { return queues_->heldInputs(); },
        [this] { return queues_->heldPlans(); }});
    forgottenClaims_->start();
  }
  reload_ = std::make_unique<Reload>(Reload::Parts{*host_, live_, *queues_, std::move(reread)});
  switch_ =
      std::make_unique<PluginSwitch>(PluginSwitch::Parts{*host_, *store_, *queues_, plugins_});
  settingsThread_ =
      startThread("pw-settings", [this](const std::stop_token& token) { watchSettings(token); });

  if (config.roles.upkeep) {
    webhooks_ = std::make_unique<WebhookSender>(
        WebhookSender::Parts{*database_, live_, membership_, metrics_, bell_, clock_});
    webhooks_->start();
  }
  listen(config);
}

/// For whoever asks: the API, and what watches hosts.
void Application::listen(const Config& config) {
  if (!config.roles.api && !config.metricsListen) return;
  const fs::path& data = dataFolder_.path();
  if (config.roles.api) signingKey_.emplace(openKey(signingKeyFile(data)));
  tickets_ = std::make_unique<TicketDesk>(host_->connectTickets());
  control_ = std::make_unique<Control>(
      ControlParts{*host_, *tickets_, signingKey_ ? &*signingKey_ : nullptr, plugins_.get(),
                   &sandbox_->report(), queues_.get(), reload_.get(), switch_.get(),
                   &postgresState_, &redisState_.service, &storeState_});
  if (config.roles.api) {
    api_ = std::make_unique<ApiSide>(ApiSide::Parts{*control_, data / "spool", tokenFile(data)});
    dataFolder_.writeUrl(api_->url());
  }
  if (!config.metricsListen) return;
  metricsSide_ = std::make_unique<MetricsSide>(*config.metricsListen, *control_,
                                               api_ ? &api_->server() : nullptr);
  log::info("metrics listen={}", metricsSide_->url());
}

Application::~Application() {
  dataFolder_.removeUrl();
  drain();
  metricsSide_.reset();
  api_.reset();
  settingsThread_.request_stop();
  if (settingsThread_.joinable()) settingsThread_.join();
  forgottenClaims_.reset();
  reconciler_.reset();
  retention_.reset();
  webhooks_.reset();
  {
    const std::lock_guard lock(queuesMutex_);
    queues_->clear();  // ends what still runs
  }
  heartbeat_.reset();
}

/// Somebody who may send this process signals asked for it.
void Application::reloadBySignal() {
  const Caller signal{.name = "signal", .kind = CallerKind::Host};
  const ReloadAnswer answer = reload_->run({.isDryRun = false, .text = {}, .actor = signal.name});
  AuditEntry entry;
  entry.actor = signal;
  entry.action = "reload";
  if (answer.refusal) entry.reason = answer.refusal->code;
  try {
    addAuditRow(*database_->lease(Workload::Keyed), entry);
  } catch (const Unavailable& e) {
    log::error("audit row not written actor=signal action={} error={}", entry.action, e.what());
  }
}

/// Waits for a while until running work ends by itself; the API answers meanwhile. Work that is not
/// done then goes back to its queue as if it had never been started.
void Application::drain() {
  membership_.leave();
  const auto drainTimeout = live_.now()->drainTimeout;
  const auto until = clock_.steady() + drainTimeout;
  bool isDone = queues_->drain();
  if (!isDone)
    log::info("waiting for running work, at most {} s",
              std::chrono::duration<double>(drainTimeout).count());
  while (!isDone && clock_.steady() < until) {
    sleepFor(std::chrono::milliseconds(20), {});
    isDone = queues_->drain();
  }
  if (!isDone) log::warn("running work is stopped and goes back to its queue");
}

/// Called when this host was declared dead. While the host starts or stops, this waits.
void Application::abandonQueues() {
  const std::lock_guard lock(queuesMutex_);
  queues_->abandon();
}

std::string Application::url() const {
  return api_ ? api_->url() : "";
}

std::string Application::loginUrl() const {
  return api_ ? api_->loginUrl() : "";
}

/// Brings changed settings to the queues: at once when something was committed here, else within a
/// second.
void Application::watchSettings(const std::stop_token& stop) {
  auto connection = database_->shared(Workload::Queries);
  std::uint64_t seen = 0;
  std::vector<QueueRow> known;
  while (!stop.stop_requested()) {
    try {
      seen = bell_.wait(seen, std::chrono::seconds(1), stop);
      auto rows = QueueRows(*connection).all();
      if (rows != known) {
        queues_->apply(rows);
        known = std::move(rows);
      }
      queues_->tidy();
      quarantineWatch_->look(*connection);
    } catch (const std::exception& e) {
      log::warn("settings cannot be read: {}", e.what());
    }
    sleepFor(std::chrono::milliseconds(100), stop);  // the bell rings with every commit
  }
}

}  // namespace planwright

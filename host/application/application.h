#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "artifacts/folder_blobs.h"
#include "base/data_folder.h"
#include "base/signing_key.h"
#include "control/control.h"
#include "control/ticket_desk.h"
#include "embedded/embedded_services.h"
#include "programs/keeper.h"
#include "programs/sandbox.h"
#include "queues/plugin_switch.h"
#include "queues/quarantine_watch.h"
#include "queues/queues.h"
#include "queues/reload.h"
#include "store/blobs.h"
#include "tickets/redis_tickets.h"
#include "upkeep/forgotten_claims.h"
#include "upkeep/heartbeat.h"
#include "upkeep/reconciler.h"
#include "upkeep/retention.h"
#include "upkeep/service_watch.h"
#include "webhooks/webhook_sender.h"

namespace planwright {

class ApiSide;
class MetricsSide;

/// The whole host: every object in the order in which it depends on the others. Reading the
/// constructor shows the program; destruction runs it backwards, which is the drain. Main thread.
class Application {
 public:
  /// Reads the configuration again, as it is now.
  using Reread = std::function<ReadConfig(const std::optional<std::string>& text)>;
  /// Throws, or prints nothing and is ready. `stop` ends a start that takes long (recovering
  /// databases).
  Application(const Config& config, Reread reread, const std::stop_token& stop);
  ~Application();
  Application(const Application&) = delete;
  Application& operator=(const Application&) = delete;

  /// Where it listens; "" without the role api.
  std::string url() const;
  /// As ApiSide::loginUrl(); "" without the role api.
  std::string loginUrl() const;
  void reloadBySignal();

 private:
  void listen(const Config& config);
  void drain();
  void abandonQueues();
  void watchSettings(const std::stop_token& stop);

  Live<Config> live_;
  DataFolder dataFolder_;
  SystemClock clock_;
  Metrics metrics_;
  Bell bell_;
  Membership membership_;
  ServiceState postgresState_{"postgres"};
  RedisState redisState_;
  ServiceState storeState_{"store"};
  std::unique_ptr<EmbeddedServices> embedded_;
  std::unique_ptr<Keeper> keeper_;
  std::unique_ptr<Sandbox> sandbox_;
  std::string redisUrl_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<FolderBlobs> folderBlobs_;
  std::unique_ptr<LogWriter> logs_;
  std::unique_ptr<Blobs> blobs_;
  std::unique_ptr<PluginStore> store_;
  std::shared_ptr<Quarantine> quarantine_;
  std::unique_ptr<QuarantineWatch> quarantineWatch_;
  std::shared_ptr<const Plugins> plugins_;  ///< of the folders
  std::unique_ptr<Host> host_;
  std::mutex queuesMutex_;  ///< held while they start and end: the heartbeat lives longer
  std::unique_ptr<Queues> queues_;
  std::unique_ptr<Heartbeat> heartbeat_;
  std::unique_ptr<StoreProbe> storeProbe_;
  std::unique_ptr<ServiceWatch> serviceWatch_;
  std::unique_ptr<Reconciler> reconciler_;
  std::unique_ptr<ForgottenClaims> forgottenClaims_;
  std::unique_ptr<Retention> retention_;
  std::unique_ptr<WebhookSender> webhooks_;
  std::unique_ptr<Reload> reload_;
  std::unique_ptr<PluginSwitch> switch_;
  std::optional<SigningKey> signingKey_;
  std::unique_ptr<TicketDesk> tickets_;
  std::unique_ptr<Control> control_;  ///< null: nobody asks this host anything
  std::unique_ptr<ApiSide> api_;
  std::unique_ptr<MetricsSide> metricsSide_;
  std::jthread settingsThread_;
};

}  // namespace planwright

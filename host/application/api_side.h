#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "artifacts/blob_store.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "config/config.h"
#include "programs/sandbox_report.h"
#include "queue/tickets.h"
#include "queues/plugin_switch.h"
#include "queues/reload.h"
#include "stages/registry.h"
#include "store/bell.h"
#include "store/database.h"

namespace planwright {

/// The role api: control, its routes and the event feed behind one HTTP server. Listens and answers
/// from construction to destruction. Main thread.
class ApiSide {
 public:
  struct Parts {
    const Live<Config>& config;
    Database& database;
    std::function<std::unique_ptr<Tickets>()> connectTickets;
    BlobStore& blobs;
    const Plugins& plugins;
    std::function<std::shared_ptr<const Plugins>(const std::string&)> pluginsOf;
    ServiceState& postgres;
    ServiceState& redis;
    Bell& bell;
    const Clock& clock;
    Metrics& metrics;
    const SandboxReport& sandbox;
    std::filesystem::path logFolder;
    std::filesystem::path spoolFolder;  ///< upload bodies pass through it
    std::function<std::string()> arrivingJson;
    std::function<std::vector<std::string>()> problems;  ///< why sources record nothing now
    std::filesystem::path signingKeyFile;
    Reload& reload;
    PluginSwitch& plugSwitch;
  };
  /// Throws if the address cannot be taken.
  explicit ApiSide(Parts parts);
  ~ApiSide();
  ApiSide(const ApiSide&) = delete;
  ApiSide& operator=(const ApiSide&) = delete;

  std::string url() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace planwright

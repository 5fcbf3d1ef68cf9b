#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "artifacts/blob_store.h"
#include "base/clock.h"
#include "base/live.h"
#include "base/metrics.h"
#include "base/signing_key.h"
#include "config/config.h"
#include "control/ticket_desk.h"
#include "queues/reload_answer.h"
#include "stages/registry.h"
#include "store/bell.h"
#include "store/database.h"

namespace planwright {

/// One thing the host depends on, for /readyz.
struct DependencyState {
  std::string name;      ///< postgres, redis, store, watch_dir, plugins
  std::string problem;   ///< why it cannot be used now; empty = it can
  bool isNeeded = true;  ///< false: work goes on without it, only slower
};

/// What control stands on. Everything outlives it and may be used from any thread. The functions
/// may be empty.
struct ControlParts {
  Database& database;
  TicketDesk& tickets;
  const Live<Config>& config;
  BlobStore& blobs;
  Bell& bell;
  const Clock& clock;
  Metrics& metrics;
  const Plugins* plugins = nullptr;        ///< of the plugin folders
  const SigningKey* signingKey = nullptr;  ///< none: no statements
  std::filesystem::path logsFolder;        ///< one file per attempt, named by its id
  std::string sandboxJson = {};            ///< SandboxReport::json()
  /// Files seen but not yet stable, as a JSON array of {queue, filename, size, since, reason}.
  std::function<std::string()> arriving = {};
  std::function<std::string()> configJson = {};  ///< Reload::json()
  std::function<ReloadAnswer(const ReloadRequest&)> reload = {};
  /// What a queue runs with now, if it is not `plugins`.
  std::function<std::shared_ptr<const Plugins>(const std::string&)> pluginsOf = {};
  /// What a queue runs with now, or null. Valid while the result lives.
  std::shared_ptr<const Plugins> pluginsNow(const std::string& queue) const;
  /// PluginSwitch, for the queue of that name.
  std::function<Result<std::string>(const std::string&)> reloadPlugins = {}, rollbackPlugins = {};
  /// Must not wait for any of them.
  std::function<std::vector<DependencyState>()> dependencies = {};
  /// Sets the gauges that only the host itself knows (connections, pools), before a scrape.
  std::function<void(Metrics&)> beforeScrape = {};
};

}  // namespace planwright

#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/address_range.h"
#include "base/failure.h"
#include "config/access_config.h"
#include "config/listen_config.h"
#include "config/stage_config.h"

namespace planwright {

/// Which parts of the host run in this process (`--roles api,intake,plan,build,upkeep`).
struct Roles {
  bool api = true;
  bool intake = true;
  bool plan = true;
  bool build = true;
  bool upkeep = true;
  friend bool operator==(const Roles&, const Roles&) = default;
};

/// What is tried again without a person, and after how long: first, first*factor, … up to max, with
/// jitter.
struct RetryConfig {
  int attempts = 3;  ///< in all, of what the machine let down (infra)
  /// Retries of the other classes that may be retried at all; each class has its own.
  int failed = 0, timeout = 0, limit = 0, bug = 0;
  int poisonAfter = 2;  ///< hosts that died with one item alone before it is given up
  std::chrono::milliseconds first{5'000};
  double factor = 2;
  std::chrono::milliseconds max{600'000};
  double jitter = 0.2;  ///< 0..1, share of the wait that is random

  /// How often an item that failed so is tried again; 0 = never.
  int budget(FailureClass kind) const;
  friend bool operator==(const RetryConfig&, const RetryConfig&) = default;
};

/// How another version of a plugin takes over.
struct ReloadConfig {
  int canary = 3;
  bool compare = false;  ///< what the new version plans is planned by the old one, too
  std::chrono::milliseconds drainTimeout{300'000};
  std::chrono::milliseconds rollbackWindow{3'600'000};
  friend bool operator==(const ReloadConfig&, const ReloadConfig&) = default;
};

/// What is deleted by age. Empty = kept for ever.
struct PruneConfig {
  std::optional<std::chrono::milliseconds> inputs;
  std::optional<std::chrono::milliseconds> plans;
  int keepLast = 100;  ///< the newest inputs and plans of the queue, whatever their age
  /// Cached results of jobs are deleted when they were not used for so long, and beyond so many
  /// bytes of outputs.
  std::chrono::milliseconds cache{30LL * 86'400'000};
  std::int64_t cacheBytes = std::int64_t{10} << 30;
  friend bool operator==(const PruneConfig&, const PruneConfig&) = default;
};

/// A named line: where files come from, what plans them, what builds the plans.
struct QueueConfig {
  std::string name;
  std::string pointer;   ///< of this queue in the file, "/queues/wheels"
  bool autoPlan = true;  ///< start value; the stored setting wins once somebody changed it
  bool autoBuild = false;
  std::vector<SourceConfig> sources;
  std::vector<PlannerConfig> planners;  ///< the first whose `match` fits the input's name is used
  BuilderConfig builder;
  int planWorkers = 2;  ///< inputs planned at once
  RetryConfig retry;
  ReloadConfig reload;
  PruneConfig prune;
  std::set<std::string> locked;                     ///< settings keys that only the file may change
  std::map<std::string, SecretSource> nudgeSecret;  ///< what webhooks sign with; none or one
  friend bool operator==(const QueueConfig&, const QueueConfig&) = default;
};

/// What rows and events call the source number `index` of a queue: "folder", "folder-1".
std::string sourceName(const SourceConfig& source, std::size_t index);
/// The ids of the plugins of all its stages.
std::set<std::string> pluginsUsed(const QueueConfig& queue);
/// How the sources of a queue share it: the weight of each, by its name.
std::map<std::string, double> weightsOf(const QueueConfig& queue);

struct BlobsConfig {
  std::filesystem::path folder;                 ///< absolute; empty = `blobs` in the data folder
  std::chrono::milliseconds grace{86'400'000};  ///< unreached blobs are kept that long
  friend bool operator==(const BlobsConfig&, const BlobsConfig&) = default;
};

struct AuditConfig {
  std::chrono::milliseconds keep{365LL * 86'400'000};  ///< older rows are deleted
  friend bool operator==(const AuditConfig&, const AuditConfig&) = default;
};

struct PluginsConfig {
  std::vector<std::filesystem::path> path;  ///< absolute; searched after the bundled plugins
  bool requireLock = false;
  /// Deaths of a version's processes on different items, within this time and with no success
  /// between, after which it is not run any more.
  int quarantineDeaths = 3;
  std::chrono::milliseconds quarantineWindow{600'000};
  friend bool operator==(const PluginsConfig&, const PluginsConfig&) = default;
};

struct WebhooksConfig {
  std::vector<AddressRange> allow;  ///< that are not public, and may be reached all the same
  friend bool operator==(const WebhooksConfig&, const WebhooksConfig&) = default;
};

/// The whole configuration: plain values, already checked; made once by config/config_reader.h.
/// Immutable; a running host takes over another one as a whole (what people change by the API is in
/// Postgres). [any thread]
struct Config {
  std::filesystem::path file;  ///< absolute; empty = built-in configuration
  ListenConfig listen;
  std::optional<ListenConfig> metricsListen;  ///< of metrics and probes, without a token
  std::filesystem::path dataFolder;           ///< absolute
  bool dataFolderIsDefault =
      true;                 ///< nobody chose it, so another may be taken if it cannot be used
  std::string postgresUrl;  ///< libpq URL; empty = embedded
  std::string redisUrl;     ///< redis://host:port/db or unix:/path; empty = embedded
  BlobsConfig blobs;
  PluginsConfig plugins;
  Roles roles;
  AccessConfig access;
  AuditConfig audit;
  WebhooksConfig webhooks;
  std::vector<std::string> hosts;  ///< Host header values allowed besides loopback
  std::vector<std::filesystem::path>
      watchRoots;  ///< `watch_dir` must lie below one of them; none = what the file names
  std::chrono::milliseconds lease{15'000};
  std::chrono::milliseconds drainTimeout{10'000};  ///< for running work, when the host stops
  /// Work that could be taken and that nobody takes for so long is reported.
  std::chrono::milliseconds stalledAfter{60'000};
  bool readOnly = false;
  std::set<std::string> locked;  ///< settings keys that only the file may change, in every queue
  std::map<std::string, SecretSource> secrets;  ///< all that the file names, granted or not
  std::vector<QueueConfig> queues;
  std::map<std::string, Place>
      places;  ///< JSON pointer of every value of the file -> where it stands
  /// Each queue as it was written, `defaults:` merged in, as JSON without secrets.
  std::map<std::string, std::string> queueTexts;

  /// Where the value at `pointer` was written, else the nearest value around it, else the built-in
  /// place.
  Place placeOf(std::string_view pointer) const;
  /// The queue of that name, or nullptr.
  const QueueConfig* queue(std::string_view name) const;
  std::vector<std::string> queueNames() const;
  /// The queue named `default`, else the first: what `/api/settings` means.
  const QueueConfig& defaultQueue() const;
  /// `key` stands in `locked:` of the file or of that queue.
  bool isLocked(const QueueConfig& queue, const std::string& key) const;

  friend bool operator==(const Config&, const Config&) = default;
};

/// What `serve` does without a file: queue `default` on `workingFolder/input`, planners by file
/// name, embedded Postgres and Redis in `workingFolder/.planwright`.
Config builtInConfig(const std::filesystem::path& workingFolder);

}  // namespace planwright

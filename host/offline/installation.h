#pragma once

#include <memory>
#include <optional>
#include <string>

#include "artifacts/folder_blobs.h"
#include "base/data_folder.h"
#include "base/metrics.h"
#include "config/config.h"
#include "embedded/embedded_services.h"
#include "store/blobs.h"
#include "store/database.h"

namespace planwright {

/// What a host of this configuration keeps, for commands that work on it whether the host runs or
/// not: private services that do not run are started for as long as this object lives, and the data
/// folder is locked so that no host starts meanwhile. One thread.
class Installation {
 public:
  /// `withTickets`: a private Redis is started, too, and the data folder taken even if Postgres is
  /// not in it. Throws with what to do when there is nothing yet, or it cannot be reached.
  explicit Installation(const Config& config, bool withTickets = false);

  bool isHostRunning() const { return isHostRunning_; }  ///< on this data folder
  /// "" while it does not run.
  const std::string& redisUrl() const { return redisUrl_; }
  /// The id of the data folder; "" if it is on another machine.
  std::string dataId() const;

  const Config& config() const { return config_; }
  const std::filesystem::path& dataFolder() const { return dataFolder_; }
  Database& database() { return *database_; }
  FolderBlobs& folder() { return *folder_; }
  Blobs& blobs() { return *blobs_; }
  Metrics& metrics() { return metrics_; }

 private:
  std::string reachServices(bool withTickets);

  const Config config_;
  const std::filesystem::path dataFolder_;
  Metrics metrics_;
  std::optional<DataFolder> lock_;
  bool isHostRunning_ = false;
  std::string redisUrl_;
  std::unique_ptr<EmbeddedServices> embedded_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<FolderBlobs> folder_;
  std::unique_ptr<Blobs> blobs_;
};

}  // namespace planwright

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
/// not: a private Postgres that does not run is started for as long as this object lives. One
/// thread.
class Installation {
 public:
  /// Throws with what to do when there is nothing yet, or it cannot be reached.
  explicit Installation(const Config& config);

  const Config& config() const { return config_; }
  const std::filesystem::path& dataFolder() const { return dataFolder_; }
  Database& database() { return *database_; }
  FolderBlobs& folder() { return *folder_; }
  Blobs& blobs() { return *blobs_; }
  Metrics& metrics() { return metrics_; }

 private:
  std::string reachPostgres();

  const Config config_;
  const std::filesystem::path dataFolder_;
  Metrics metrics_;
  std::optional<DataFolder> lock_;  ///< set: no host runs here
  std::unique_ptr<EmbeddedServices> embedded_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<FolderBlobs> folder_;
  std::unique_ptr<Blobs> blobs_;
};

}  // namespace planwright

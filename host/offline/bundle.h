#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "config/config.h"

namespace planwright {

/// What others have found out already.
struct BundleNotes {
  std::string examination;  ///< JSON of examine()
  /// Of the host that runs on this data folder, or why there are none.
  std::function<std::string(const std::filesystem::path& dataFolder)> metrics;
};

/// Writes a report for people who help: a tar.gz (0600) with versions, the configuration, what the
/// doctor found, metrics, the last lines of the log, tables and counts. No secret that this host
/// knows is in it: those of the configuration, of URLs, of webhooks and the administrator's token
/// are masked in every file, in all forms that programs pass them on. Throws if Postgres is away.
void writeBundle(const Config& config, const BundleNotes& notes, const std::filesystem::path& file);

}  // namespace planwright

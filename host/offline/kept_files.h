#pragma once

#include <filesystem>
#include <iosfwd>
#include <string>

#include "offline/backup_files.h"

namespace planwright {

/// Files of a host that are neither rows nor blobs nor logs, as they lie in a backup:
///   signing.key             the private key, unless PLANWRIGHT_SIGNING_KEY says where it is kept
///   plugins/installed.json  what `plugin install` put there
///   plugins/<hex>/<id>.so   those plugins, by their digest
///   plugins.lock            what the configuration beside it pins
/// Owned by whoever runs the command; one thread.
class KeptFiles {
 public:
  /// `configFile` may be empty: then nothing is pinned.
  KeptFiles(const std::filesystem::path& dataFolder, const std::filesystem::path& configFile);

  /// Copies them, and notes in `info` what must be there. Throws at what cannot be read, and at a
  /// plugin that is damaged.
  void copyTo(const std::filesystem::path& backup, BackupInfo& info) const;
  /// Throws if one is missing or is not what it was.
  static void check(const std::filesystem::path& backup, const BackupInfo& info);
  /// Puts them in place, closed to other users. What is there stays, and is told of.
  void takeFrom(const std::filesystem::path& backup, const BackupInfo& info,
                std::ostream& err) const;

 private:
  const std::filesystem::path dataFolder_;
  const std::filesystem::path lockFile_;  ///< empty: none
};

}  // namespace planwright

#pragma once

#include <filesystem>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/guarded.h"
#include "base/result.h"
#include "stages/manifest.h"
#include "stages/plugin_info.h"
#include "stages/stage.h"
#include "stages/stored_plugin.h"
#include "stages/worker_process.h"

namespace planwright {

/// A program (exec:) as it was when somebody read it.
struct TakenProgram {
  PluginInfo info;
  std::shared_ptr<StoredPlugin> plugin;  ///< null = it could not be taken
};

/// Every version of a plugin that this host has taken, shared by all generations of plugins: the
/// same bytes are the same code again. Owned by the generations together. [any thread]
class TakenPlugins {
 public:
  TakenPlugins(PluginOptions options, Programs& programs);

  /// Checks and copies one file, and lets its code be greeted where that may happen. `info` gets
  /// what is known of it, also after an error.
  Result<std::shared_ptr<StoredPlugin>> take(const std::filesystem::path& file, PluginInfo& info);
  /// The program as its file is now. It stays where it is for ever.
  const TakenProgram& programNow(std::string_view id);
  /// Why its code must not come into this process now, or "".
  std::string whyNotBeside(const StoredPlugin& plugin);
  /// Versions in the memory of this process that nothing uses any more.
  std::size_t parked();
  const std::shared_ptr<WorkerHost>& workers() const { return workers_; }

 private:
  TakenProgram readNow(std::string_view id) const;
  CountMetric countOf(const std::string& plugin) const;

  const PluginOptions options_;
  Programs& programs_;
  const std::shared_ptr<WorkerHost> workers_;
  const ManifestReader reader_;
  Guarded<std::map<std::string, std::shared_ptr<StoredPlugin>>> byDigest_;
  /// Everything that was ever read of each program, oldest first, so that pointers to it stay
  /// valid.
  Guarded<std::map<std::string, std::list<TakenProgram>, std::less<>>> byProgram_;
};

}  // namespace planwright

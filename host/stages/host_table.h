#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "planwright/plugin.h"

#include "base/guarded.h"
#include "base/program.h"
#include "base/secret_mask.h"
#include "stages/manifest.h"
#include "stages/private_folders.h"
#include "stages/stage.h"

namespace planwright {

/// The functions that the host gives to one plugin: a bridge from the C ABI to CallServices. No
/// exception leaves them; what our services throw is kept in the call and rethrown when the
/// plugin's function has returned. Owned by the plugin's Library, whose instances may outlive the
/// registry. [any thread]
class HostTable {
 public:
  /// `plugin`: what it may do. `workFolder`: where programs get their private folders. `count`:
  /// metrics that belong to no call; null = they are dropped.
  HostTable(const Manifest& plugin, Programs& programs, std::filesystem::path workFolder,
            CountMetric count);
  ~HostTable() = default;
  HostTable(const HostTable&) = delete;
  HostTable& operator=(const HostTable&) = delete;

  const pw_host* table() const { return &table_; }
  /// What belongs to no call that runs, cleaned and without any secret the plugin was ever given.
  std::string masked(std::string_view text, std::size_t limitBytes);
  const std::string& plugin() const { return plugin_; }
  const CountMetric& count() const { return count_; }

 private:
  friend struct HostFunctions;
  const std::string plugin_;
  const std::vector<std::string> secrets_;  ///< names that it may ask for
  const ExecGrant exec_;
  Programs& programs_;
  PrivateFolders folders_;
  Guarded<SecretMask> given_;
  const CountMetric count_;
  pw_host table_{};
};

}  // namespace planwright

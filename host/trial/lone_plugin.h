#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/program.h"
#include "base/result.h"
#include "base/scratch_folder.h"
#include "stages/registry.h"

namespace planwright {

/// One plugin file, loaded as a host loads it but without a server: from a private copy, which goes
/// with this. Instances must be gone before. One thread.
class LonePlugin {
 public:
  /// `programs` runs what its stages start; it must outlive this. NotFound: no such file; Invalid:
  /// it is not a plugin, or it cannot be loaded, and why.
  /// The copy is made in a new folder of `below`; empty = the system's for temporary files.
  static Result<std::unique_ptr<LonePlugin>> load(const std::filesystem::path& file,
                                                  Programs& programs,
                                                  const std::filesystem::path& below = {});

  const PluginInfo& info() const { return info_; }
  const Plugins& plugins() const { return *plugins_; }
  bool provides(std::string_view stage) const;

 private:
  explicit LonePlugin(const std::filesystem::path& below) : folder_(ScratchFolder::below(below)) {}

  ScratchFolder folder_;  // destroyed last: the code is there
  std::unique_ptr<Plugins> plugins_;
  PluginInfo info_;
};

/// `KEY=VALUE…` as settings of a plugin with this schema. A setting that is text takes the value as
/// it stands; any other takes JSON. Invalid names the assignment.
Result<std::string> settingsFrom(const std::vector<std::string>& assignments,
                                 std::string_view schemaJson);

}  // namespace planwright

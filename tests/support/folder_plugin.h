#pragma once

#include <memory>
#include <stdexcept>
#include <string>

#include "stages/registry.h"
#include "support/stage_fakes.h"
#include "support/temp_folder.h"

namespace planwright {

/// The bundled plugins through the real loader, for tests that need a source on a real folder.
class BundledPlugins {
 public:
  /// A source of planwright.folder with these settings, an object's members without the braces.
  std::unique_ptr<StageInstance> folderSource(const std::filesystem::path& path,
                                              const std::string& more = {}) {
    const std::string settings =
        "{\"path\":\"" + path.string() + "\"" + (more.empty() ? "" : "," + more) + "}";
    auto made = plugins_.source("planwright.folder", "default", settings);
    if (!made) throw std::runtime_error(made.error().message);
    return std::move(*made);
  }

 private:
  TempFolder folder_;
  ScriptedPrograms programs_;
  Plugins plugins_{{{BINARY_DIR "/plugins"}, folder_.path() / "store", folder_.path() / "work"},
                   programs_};
};

}  // namespace planwright

#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/trusted_file.h"
#include "stages/manifest.h"

namespace planwright {

// A plugin that is a program of any language, `exec:/absolute/program`: it speaks frames (frames.h)
// on descriptor 0, always in a process of its own. Its id is what the configuration says. It runs
// where it stands, so that it finds the files beside it, and only as long as it is the file that
// was read first.

/// "exec:/srv/plan.py" -> "/srv/plan.py"; empty: the id of another plugin.
std::filesystem::path programOf(std::string_view pluginId);

/// Whether the file can be started as a program, and is not the shared object of a plugin.
bool isProgram(const std::filesystem::path& file);

struct ProgramPlugin {
  Manifest manifest;
  std::string digest;  ///< sha256:… of the program's file
};

/// The manifest stands beside the program, `plan.py.json`, as a plugin.json. Without one it may be
/// any stage, takes any settings and has no secrets. Errors name the file.
Result<ProgramPlugin> readProgram(const std::filesystem::path& program,
                                  const ManifestReader& reader);

/// The program, open: what is started is what was hashed, whatever its name leads to by then. Every
/// part of its path without links only root and the host's user can change. An error if it is
/// another program than the one that was read.
Result<TrustedFile> unchangedProgram(const std::filesystem::path& program,
                                     const std::string& digest);

/// The same for the copy of a shared object in a store (storeLibrary), `<store>/<sha256>/<name>`.
/// Who could change the store's place could change the host's data as well.
Result<TrustedFile> unchangedCopy(const std::filesystem::path& copy, const std::string& digest);

}  // namespace planwright

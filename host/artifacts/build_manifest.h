#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace planwright {

/// A file that a build left.
struct Artifact {
  std::string path;  ///< where archives and `fetch` put it; unique in the build (placeArtifacts)
  std::string name;  ///< what its job called it: a relative path
  std::string job;
  std::string digest;
  std::int64_t sizeBytes = 0;
  unsigned mode = 0644;
  friend bool operator==(const Artifact&, const Artifact&) = default;
};

/// What a build produced; sdk/schema/build-manifest.schema.json is its JSON. Also of builds that
/// failed: then of the jobs that succeeded.
struct BuildManifest {
  std::int64_t build = 0;
  std::string planDigest;
  std::vector<Artifact> artifacts;

  /// Same value, same bytes.
  std::string json() const;
  /// Invalid if it breaks the schema or a path could leave its folder.
  static Result<BuildManifest> parse(std::string_view json);
  /// The one at that path, or nullptr.
  const Artifact* find(std::string_view path) const;
  friend bool operator==(const BuildManifest&, const BuildManifest&) = default;
};

/// Gives every artifact its path: its name, or `<job>/<name>` where several jobs left one of that
/// name. If such paths met (one would be another's folder), all stand below their job's name.
void placeArtifacts(std::vector<Artifact>& artifacts);

/// Relative, and no part of it empty, "." or "..": it cannot leave the folder it is put into.
bool isSafePath(std::string_view path);

}  // namespace planwright

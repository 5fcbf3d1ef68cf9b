#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "planwright/memory.hpp"
#include "planwright/plugin.hpp"

#include "lockfile.h"

namespace npm {

/// How npm and node are called, from the settings. What they answered before is kept in `memory`,
/// for when nothing that they could read has changed. Immutable.
class Npm {
 public:
  explicit Npm(const pw::Settings& settings);

  struct Versions {
    std::string npm;
    std::string node;
    std::string platform;  ///< "linux x64"
  };
  Versions versions(pw::Call& call, pw::Memory& memory) const;

  /// The name of a .npmrc in the archive of a project, or "".
  std::string settingsIn(pw::Call& call, const std::string& digest) const;
  /// The package-lock.json or npm-shrinkwrap.json at the top of a project's archive.
  std::string lockfileIn(pw::Call& call, const std::string& digest) const;
  /// What of the lockfile its own dependencies do not allow, which only package.json can explain
  /// (overrides) or options of npm; "" = nothing. `npm ci` would look for other packages.
  std::string contradictionIn(pw::Call& call, pw::Memory& memory, const std::string& lockDigest,
                              const std::string& packageJson) const;

  const std::set<std::string>& omit() const { return omit_; }

  /// Makes `file` of `from` (a file, or a URL), but only if it has that integrity.
  std::vector<std::string> checkCommand(const std::string& from, const Integrity& integrity,
                                        const std::string& file) const;
  /// Installs what package-lock.json demands and keeps node_modules.tar.gz.
  std::vector<std::string> installCommand() const;
  /// Unpacks project.tgz, installs, runs the build script and keeps what `npm pack` gives.
  std::vector<std::string> packCommand() const;

  /// Where a job's npm finds packages: npm asks its cache by integrity before anything else.
  static std::string cachePath(const Package& package);
  /// What keeps npm from the network and from reading this machine's and user's settings.
  static const std::vector<std::pair<std::string, std::string>>& environment();

 private:
  template <class Ask>
  std::string kept(pw::Call& call, pw::Memory& memory, std::string key, const Ask& ask) const;
  std::string run(pw::Call& call, pw::Program program) const;
  std::optional<std::string> contradictionNow(pw::Call& call, const std::string& lockDigest,
                                              const std::string& packageJson) const;
  std::vector<std::string> readable() const;
  std::vector<std::string> shell(const char* script) const;

  const std::string npm_;
  const std::string node_;
  const std::set<std::string> omit_;
  const bool scripts_;
  const std::string buildScript_;
};

}  // namespace npm

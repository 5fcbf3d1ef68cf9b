#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "artifacts/build_manifest.h"
#include "base/unique_fd.h"

namespace planwright::cli {

/// The folder that `planwright fetch` fills. Nothing is ever written outside it: paths are walked
/// part by part, and a link among them is refused. A file appears under its name when it is whole
/// and has its digest; until then it is `.planwright-build/<digest>.part`, which a later fetch goes
/// on with. One thread; two at once in one folder are refused.
class FetchFolder {
 public:
  /// Made if needed. Throws CommandFailure if it cannot be used.
  explicit FetchFolder(const std::filesystem::path& path);

  /// The artifact stands there already, byte by byte.
  bool has(const Artifact& artifact) const;

  /// One download on its way.
  class Part {
   public:
    std::int64_t sizeBytes() const { return sizeBytes_; }
    void append(std::string_view bytes);
    void startOver();

   private:
    friend class FetchFolder;
    UniqueFd fd_;
    std::string name_;
    std::int64_t sizeBytes_ = 0;
  };
  /// With what an earlier fetch left of it.
  Part part(const Artifact& artifact);
  /// Gives it its name and mode. False: these are not the artifact's bytes, and they are gone.
  bool publish(Part part, const Artifact& artifact);

  /// A file about the build itself, below .planwright-build.
  void keep(const std::string& name, std::string_view bytes);

  static constexpr const char* kAbout = ".planwright-build";

 private:
  UniqueFd parentOf(const std::string& path) const;

  UniqueFd root_;
  UniqueFd about_;
};

}  // namespace planwright::cli

#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "artifacts/build_manifest.h"
#include "artifacts/provenance.h"
#include "control/contents.h"
#include "control/control_parts.h"
#include "model/plan_document.h"

namespace planwright {

/// Signed statements about builds that succeeded: provenance (DSSE around in-toto and SLSA), made
/// at the first wish and kept from then on; and bills of materials. [any thread]
class Statements {
 public:
  Statements(const ControlParts& parts, const Contents& contents)
      : parts_(parts),
        contents_(contents) {}

  /// The envelope for the whole build, or for one path of its manifest. NotFound: no such build or
  /// file, or the build did not succeed; Gone: pruned.
  Result<Content> provenance(std::int64_t build, const std::string& artifact) const;
  /// CycloneDX 1.5. NotFound as above, and for a build without wheels.
  Result<std::string> sbom(std::int64_t build) const;
  /// {"items":[{"id","public_key",…}]}: of all hosts of this installation, the latest first.
  std::string keysJson() const;
  /// Makes the key of this host known. Call once before statements are asked for.
  void publishKey() const;

 private:
  struct Facts {
    Provenance provenance;
    std::set<int> sealedJobs;  ///< positions
    BuildManifest manifest;
    PlanDocument plan;
  };
  Result<Facts> facts(std::int64_t build) const;
  Result<std::string> readBlob(const std::string& digest) const;
  bool isLostStatement(const std::string& digest) const;
  Result<std::string> make(std::int64_t build, const std::string& artifact) const;

  const ControlParts& parts_;
  const Contents& contents_;
};

}  // namespace planwright

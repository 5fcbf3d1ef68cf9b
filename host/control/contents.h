#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "artifacts/archive_writer.h"
#include "artifacts/build_manifest.h"
#include "base/digest.h"
#include "base/result.h"
#include "control/content.h"
#include "control/control_parts.h"

namespace planwright {

/// Where the log of one attempt is.
struct LogPlace {
  std::filesystem::path path;
  std::int64_t attempt = 0;
  bool isComplete = false;      ///< the attempt has ended, so the log does not grow any more
  std::int64_t textBytes = -1;  ///< that it had then; -1 = unknown

  /// How many bytes are missing at its end, of which so many are there.
  std::int64_t cutBytes(std::uint64_t there) const;
};

/// The bytes that rows name: inputs, plan documents, manifests, blobs, logs. NotFound: no such row,
/// or it names none yet; Gone: the row or its bytes are pruned; Unavailable (kBlobDamaged,
/// kBlobMissing): its bytes are lost, and the message says how they come back. [any thread]
class Contents {
 public:
  explicit Contents(const ControlParts& parts) : parts_(parts) {}

  Result<LateContent> ofInput(std::int64_t input) const;
  Result<Content> ofPlan(std::int64_t plan) const;  ///< the sealed document
  /// What differs between the documents of two plans, as PlanDiff::json() with "from" and "to".
  Result<std::string> planDiff(std::int64_t from, std::int64_t to) const;
  Result<Content> manifestOf(std::int64_t build) const;
  /// `path` as in the manifest.
  Result<LateContent> artifact(std::int64_t build, std::string_view path) const;
  /// Gone if any artifact's bytes are, Unavailable if they are lost. What is found to be lost only
  /// when its turn comes breaks the archive off.
  Result<MadeContent> archive(std::int64_t build, ArchiveFormat format) const;
  LateContent blob(const std::string& digest) const;
  /// A wheel of an index, by its digest: whoever read a page of the index gets what it named.
  LateContent wheel(const std::string& digest, const std::string& file) const;

  /// `n`: the attempt's number, the latest without one. A job that never ran has an empty log.
  Result<LogPlace> log(std::int64_t job, std::optional<std::int64_t> n) const;
  /// The log's bytes as far as it is written, on request without terminal escape sequences.
  Result<MadeContent> logBytes(std::int64_t job, std::optional<std::int64_t> n,
                               bool withoutAnsi = false) const;

 private:
  Result<BuildManifest> readManifest(std::int64_t build) const;
  /// What a blob is to somebody.
  struct Named {
    std::string digest;
    std::string what;      ///< "The artifact dist/a.whl of build 7"
    std::string remedy;    ///< how its bytes come back once they are lost
    std::string fileName;  ///< of the download
  };
  static Named named(std::int64_t build, std::int64_t plan, const Artifact& artifact);
  Result<Content> open(const Named& named) const;
  LateContent late(Named named) const;

  const ControlParts& parts_;
};

}  // namespace planwright

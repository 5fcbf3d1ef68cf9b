#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/signing_key.h"

namespace planwright {

/// Bytes that a statement names.
struct StatedFile {
  std::string name;
  std::string digest;  ///< "sha256:…"
  std::string uri;     ///< where it came from, or empty
  friend bool operator==(const StatedFile&, const StatedFile&) = default;
};

/// A program that took part.
struct StatedTool {
  std::string role;  ///< planner | builder
  std::string name, version, digest, settingsDigest;
  friend bool operator==(const StatedTool&, const StatedTool&) = default;
};

/// Who made what from what: all that a provenance statement says. A value.
struct Provenance {
  std::string store;  ///< id of the installation's store
  std::int64_t build = 0, plan = 0, input = 0;
  std::string queue, source, mode;
  std::string job;                   ///< that made the artifact, or empty: the whole build
  std::vector<StatedFile> subjects;  ///< what was made
  StatedFile inputFile;              ///< that was dropped
  std::string planDigest;
  std::vector<StatedFile> materials;  ///< besides input and plan
  std::vector<StatedTool> tools;
  std::vector<std::string> hostVersions;
  std::string startedOn, finishedOn;  ///< RFC 3339
  std::string manifestDigest;
  /// Jobs that nothing kept from the network or from undeclared files, so that they may have read
  /// more than is named here. None: the materials are complete, but for the system's own files.
  std::vector<std::string> openJobs;
};

/// An in-toto Statement v1 with a SLSA Provenance v1 predicate. Same value, same bytes.
std::string statementJson(const Provenance& provenance);

inline constexpr std::string_view kStatementType = "https://in-toto.io/Statement/v1";
inline constexpr std::string_view kPredicateType = "https://slsa.dev/provenance/v1";

/// What a statement that was found good says of a file.
struct Verified {
  std::string subject;     ///< its name in the statement
  std::string invocation;  ///< "urn:planwright:<store>:build:17"
  std::string startedOn, finishedOn;
  bool materialsAreComplete = false;
};
/// Checks signature, shape, and that the statement speaks of these bytes. `fileName` only serves
/// the sentence. Forbidden: changed statement, wrong key, changed artifact.
Result<Verified> verifyArtifact(std::string_view envelope, const PublicKey& key,
                                const std::string& fileName, const std::string& digest);

}  // namespace planwright

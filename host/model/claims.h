#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/failure.h"
#include "base/reported.h"
#include "model/ids.h"

namespace planwright {

/// Something that waits in a queue, and the source that it came from.
struct QueuedItem {
  std::int64_t id = 0;
  std::string source;
};

/// An input that is ours to plan until another claim raises the fence.
struct ClaimedInput {
  InputId id{};
  std::int64_t fence = 0;
  int attempt = 0;
  std::string filename;
  std::string digest;
  std::int64_t sizeBytes = 0;
  std::string attributesJson;
  std::string traceId;
  std::optional<std::string> content;  ///< when it is a small blob
};

/// Plan documents and manifests up to that size are rows of the database, however full the large
/// store is or what it loses: a job's output can be made again from them, but not they from it.
inline constexpr std::size_t kRowDocumentBytes = std::size_t{1} << 20;

/// What planning made of an input: a sealed plan document.
struct SealedPlan {
  std::string document;  ///< canonical bytes
  Digest digest;
  std::string summaryJson;
  int jobCount = 0;
  std::string planner;  ///< id and version
  std::string plannerDigest;
  std::string settingsDigest;
  bool isLarge = false;  ///< over kRowDocumentBytes: its bytes are in the large store already
  std::vector<std::string> blobs = {};  ///< digests that the document names
  Digest recipe = {};                   ///< of the jobs alone; empty: not known
};

struct PlannedInput {
  InputId id{};
  std::int64_t fence = 0;
  SealedPlan plan;
  std::vector<ReportedEvent> events = {};  ///< that the planner told
};

/// How far the planner of an input says it is.
struct InputProgress {
  InputId id{};
  std::int64_t fence = 0;
  CallProgress progress;
};

/// An input that was not planned. `retryIn` set: back to pending, due after it.
struct UnplannedInput {
  InputId id{};
  std::int64_t fence = 0;
  Failure failure;
  std::string reasonCode;
  std::optional<std::chrono::milliseconds> retryIn;
  int budget = -1;       ///< retries that its class has; used up, it fails. -1 = this is no retry
  bool isDeath = false;  ///< a process died with it: such retries count by themselves, as poison
  bool countAttempt = true;                ///< false: the claim is given back unused
  std::vector<ReportedEvent> events = {};  ///< that the planner told
  std::string planner = {};                ///< whose they are: its id
};

struct ClaimedPlan {
  PlanId id{};
  std::int64_t fence = 0;
  int attempt = 0;
  std::string digest;
  int jobCount = 0;
  BuildId build{};
  bool onlyFailed = false;
  bool useCache = true;  ///< may take results from the cache
  std::string source;    ///< where its input came from: sources take turns
  std::string traceId;
  std::optional<std::string> document;  ///< when it is a small blob
};

/// Claims that a commit may make for the next stage, if the queue lets it.
struct ClaimAhead {
  InstanceId instance{};
  std::size_t count = 0;
};

/// How a build ended, or that it goes on later.
struct FinishedBuild {
  enum class Outcome { Built, Failed, Cancelled, Later };
  PlanId plan{};
  std::int64_t fence = 0;
  BuildId build{};
  Outcome outcome = Outcome::Built;
  std::chrono::milliseconds retryIn{0};
  std::string error;
  std::string reasonCode;
  std::string manifest;  ///< JSON text, or empty
  Digest manifestDigest;
  bool isLargeManifest = false;  ///< its bytes are in the large store already
  bool hasWheels = false;        ///< its manifest names a wheel
  int jobsDone = -1;             ///< -1: as many as its row says
  int jobsFailed = -1;           ///< likewise
  bool countAttempt = true;
};

}  // namespace planwright

#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/digest.h"
#include "base/result.h"

namespace planwright {

/// Where one input file of a job comes from.
struct JobInput {
  std::string path;    ///< below the job's work folder
  std::string job;     ///< of that job's outputs, or empty
  std::string output;  ///< its relative path there
  std::string digest;  ///< a blob, or empty
  std::string text;    ///< the content itself when neither is set
  friend bool operator==(const JobInput&, const JobInput&) = default;
};

/// One job as the planner wrote it. `needs` are positions in PlanDocument::jobs.
struct PlannedJob {
  std::string name;
  std::vector<int> needs;
  std::string specJson;  ///< the builder's; "{}" if there is none
  std::vector<JobInput> inputs;
  std::vector<std::string> outputs;      ///< globs below the work folder
  std::chrono::milliseconds timeout{0};  ///< 0 = the queue's
  std::int64_t memoryBytes = 0;
  std::int64_t processes = 0;  ///< at once; 0 = no limit
  int cpus = 1;
  bool cacheable = false;
  friend bool operator==(const PlannedJob&, const PlannedJob&) = default;
};

/// A plan that keeps every rule: sdk/schema/plan.schema.json, unique ids, needs that exist, no
/// cycle, no path that leaves the work folder.
struct PlanDocument {
  std::vector<PlannedJob> jobs;
  std::string summaryJson = "{}";

  /// Invalid names the place by JSON pointer.
  static Result<PlanDocument> parse(std::string_view json);
  /// A document that sealPlan made: its digest vouches for the schema, which is not checked again.
  static Result<PlanDocument> parseSealed(std::string_view json);
  friend bool operator==(const PlanDocument&, const PlanDocument&) = default;
};

/// What a planner emitted, checked, with the host's head added and in canonical form (RFC 8785):
/// the bytes whose sha256 is the plan digest. Same input, planner and settings give the same bytes
/// on every machine.
struct PlanSeal {
  std::string document;
  Digest digest;
  Digest recipe;  ///< of the jobs alone: plans with the same recipe build the same
  std::string summaryJson;
  int jobCount = 0;
  std::vector<std::string> blobs;             ///< digests that it names besides its input's; sorted
  std::map<std::string, std::string> inputs;  ///< those that jobs are given, and by which input
};
Result<PlanSeal> sealPlan(std::string_view emitted, std::string_view inputDigest,
                          std::string_view planner);

}  // namespace planwright

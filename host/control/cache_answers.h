#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "control/control_parts.h"

namespace planwright {

/// What people ask of the job cache: why a job was or was not taken from it, and what a build would
/// take from it now. [any thread]
class CacheAnswers {
 public:
  explicit CacheAnswers(const ControlParts& parts) : parts_(parts) {}

  /// {job_id, name, result, why, key, parts, nearest}: `nearest` is the entry of another key that
  /// differs least, with every part that differs. NotFound, Gone.
  Result<std::string> ofJob(std::int64_t job) const;
  /// {plan_id, jobs, hits, items: [{name, result, why}]} if the plan were built now. A job that has
  /// to run is taken to make what it made in the plan's latest build. NotFound, Gone.
  Result<std::string> forecast(std::int64_t plan) const;

 private:
  const ControlParts& parts_;
};

}  // namespace planwright

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace planwright {

/// One member that differs; the JSON is empty where a side has none.
struct FieldChange {
  std::string pointer;  ///< into the job, or into the document
  std::string from, to;
  friend bool operator==(const FieldChange&, const FieldChange&) = default;
};

struct JobDiff {
  std::string job;
  std::vector<FieldChange> fields;
  friend bool operator==(const JobDiff&, const JobDiff&) = default;
};

/// What differs between two plan documents, job by job; jobs are the same by id, wherever they
/// stand. Lists are compared as a whole, objects member by member.
struct PlanDiff {
  std::vector<std::string> added, removed;
  std::vector<JobDiff> changed;
  std::vector<FieldChange> document;  ///< besides the jobs: summary, input, planner

  /// The same jobs: a build would do the same.
  bool isSame() const { return added.empty() && removed.empty() && changed.empty(); }
  /// {"same", "added", "removed", "changed":[{"job","fields":[{"pointer","from","to"}]}],
  /// "document"}; a side without the member is null.
  std::string json() const;
  friend bool operator==(const PlanDiff&, const PlanDiff&) = default;
};

/// Invalid: one of them is no plan document.
Result<PlanDiff> diffPlans(std::string_view from, std::string_view to);

}  // namespace planwright

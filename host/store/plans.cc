#include "store/plans.h"

#include "base/failpoints.h"
#include "store/pg_array.h"

namespace planwright {
namespace {

std::string_view statusOf(FinishedBuild::Outcome outcome) {
  switch (outcome) {
    case FinishedBuild::Outcome::Built:
      return "built";
    case FinishedBuild::Outcome::Failed:
      return "failed";
    case FinishedBuild::Outcome::Cancelled:
      return "cancelled";
    case FinishedBuild::Outcome::Later:
      return "ready_for_build";
  }
  return "failed";
}

}  // namespace

const Plans::Statements Plans::kStatements{.isOpen = "builds",
                                           .claim = "claim_plans",
                                           .due = "sweep_plans",
                                           .dueAlone = "sweep_plans_alone",
                                           .othersWait = "other_plan_source",
                                           .cancelled = "cancelled_plans"};

Plans::Plans(Connection& connection) : LineRows(connection, kStatements) {}

std::vector<ClaimedPlan> Plans::claim(const std::vector<std::int64_t>& ids, InstanceId instance,
                                      const std::string& queue, bool alone) {
  failpoint("build.claim.before");
  const Rows rows = claimRows(ids, instance, queue, alone);
  if (!rows.empty()) failpoint("build.claim.after");
  std::vector<ClaimedPlan> claimed(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    claimed[i].id = PlanId{rows.number(i, "id")};
    claimed[i].fence = rows.number(i, "fence");
    claimed[i].attempt = static_cast<int>(rows.number(i, "attempt"));
    claimed[i].digest = rows.text(i, "plan_digest");
    claimed[i].jobCount = static_cast<int>(rows.number(i, "job_count"));
    claimed[i].build = BuildId{rows.number(i, "build_id")};
    claimed[i].onlyFailed = rows.text(i, "build_mode") == "failed";
    claimed[i].traceId = rows.text(i, "trace_id");
    claimed[i].document = rows.bytes(i, "content");
    claimed[i].source = rows.text(i, "source");
    claimed[i].useCache = rows.flag(i, "build_cache");
  }
  return claimed;
}

std::vector<PlanId> Plans::finish(const std::vector<FinishedBuild>& builds,
                                  const std::string& queue) {
  PgArray plans, fences, ids, statuses, delays, errors, reasons, manifests, sizes, contents, done,
      failed, uncounts, wheels;
  for (const auto& build : builds) {
    plans.add(number(build.plan));
    fences.add(build.fence);
    ids.add(number(build.build));
    statuses.add(statusOf(build.outcome));
    delays.add(static_cast<double>(build.retryIn.count()) / 1000);
    errors.add(build.error);
    reasons.add(build.reasonCode);
    manifests.add(build.manifestDigest.text());
    sizes.add(static_cast<std::int64_t>(build.manifest.size()));
    contents.add(build.isLargeManifest ? std::nullopt : std::optional(build.manifest));
    done.add(std::int64_t{build.jobsDone});
    failed.add(std::int64_t{build.jobsFailed});
    uncounts.add(std::int64_t{build.countAttempt ? 0 : 1});
    wheels.add(std::string_view(build.hasWheels ? "t" : "f"));
  }
  const std::string planText = plans.take();
  const std::string fenceText = fences.take();
  const Rows rows = connection_.run(
      "finish_builds",
      {planText, fenceText, ids.take(), statuses.take(), delays.take(), errors.take(),
       reasons.take(), manifests.take(), sizes.take(), contents.take(), done.take(), failed.take(),
       uncounts.take(), wheels.take(), queue});
  if (rows.size() == builds.size()) return idsOf<PlanId>(rows);
  return idsOf<PlanId>(connection_.run("built_before", {planText, fenceText}));
}

std::vector<PlanId> Plans::cancelRequests(InstanceId instance, const std::string& queue) {
  return idsOf<PlanId>(cancelled(instance, queue));
}

}  // namespace planwright

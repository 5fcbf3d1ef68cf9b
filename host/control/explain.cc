#include "control/explain.h"

#include "control/missing.h"

namespace planwright {

namespace {

/// {items, eligible, position}
class Explanation {
 public:
  Explanation() { json_.object().key("items").array(); }
  void add(const Reason& reason) {
    if (!reason.code.empty()) writeReason(json_, reason);
  }
  void add(const std::vector<Reason>& reasons) {
    for (const auto& reason : reasons) add(reason);
  }
  void addOf(const Reason& reason, const Row& job) {
    if (reason.code.empty()) return;
    json_.object();
    writeReasonMembers(json_, reason);
    json_.member("job_id", job.number("id")).member("job", job.text("name")).end();
  }
  /// `position`: a number as text, or empty.
  std::string end(bool isEligible, std::string_view position = {}) {
    return json_.end().member("eligible", isEligible).rawMember("position", position).end().take();
  }

 private:
  JsonWriter json_;
};

/// An open build is taken with its plan.
Result<std::string> explainBuild(Connection& connection, std::int64_t id) {
  const Rows rows = connection.run("api_build", {id});
  if (rows.empty()) return missing(connection, "build", id);
  const Row build(rows, 0);
  const bool isWaiting =
      build.text("status") == "building" && build.text("plan_status") == "ready_for_build";
  Explanation answer;
  if (!isWaiting) {
    answer.add(buildReason(build));
    return answer.end(false);
  }
  const Rows plans = connection.run("api_plan", {build.number("plan_id")});
  const auto reasons = plans.empty() ? std::vector<Reason>() : planReasons(Row(plans, 0));
  answer.add(reasons);
  return answer.end(!plans.empty() && reasons.empty());
}

/// Its own reason; then those of the jobs it needs that have not succeeded, and of its plan while
/// no host builds it. A job that is ready while its plan is built waits for a slot, else the host
/// would have started it.
Result<std::string> explainJob(Connection& connection, std::int64_t id) {
  const Rows rows = connection.run("api_job", {id});
  if (rows.empty()) return missing(connection, "job", id);
  const Row job(rows, 0);
  const std::string_view status = job.text("status");
  const bool isWaiting = status == "blocked" || status == "ready";
  Explanation answer;
  answer.add(jobReason(job, Attempts(connection, rows, 1).waitsSince(job)));
  if (status == "blocked" || status == "dep_failed") {
    const Rows needed = connection.run("api_needed_jobs", {id});
    const Attempts attempts(connection, needed, needed.size());
    for (std::size_t i = 0; i < needed.size(); ++i) {
      const Row other(needed, i);
      answer.addOf(jobReason(other, attempts.waitsSince(other)), other);
    }
  }
  if (!isWaiting) return answer.end(false);
  const Rows plans = connection.run("api_plan", {job.number("plan_id")});
  const Rows slots = connection.run("api_job_slots", {job.number("plan_id")});
  if (plans.empty() || slots.empty()) return answer.end(false);
  const bool isBuilding = Row(plans, 0).text("status") == "building";
  if (!isBuilding) answer.add(planReasons(Row(plans, 0)));
  const Row queue(slots, 0);
  const bool hasNoSlots = queue.text("job_slots") == "0";
  if (hasNoSlots) answer.add(noJobSlots(queue.text("queue")));
  return answer.end(job.text("code") == "resources" && isBuilding && queue.number("job_slots") > 0);
}

}  // namespace

Result<std::string> explain(Listed what, Connection& connection, std::int64_t id) {
  if (what == Listed::Builds) return explainBuild(connection, id);
  if (what == Listed::Jobs) return explainJob(connection, id);
  const bool isInput = what == Listed::Inputs;
  const Rows rows = connection.run(isInput ? "api_input" : "api_plan", {id});
  if (rows.empty()) return missing(connection, isInput ? "input" : "plan", id);
  const Row item(rows, 0);
  const auto reasons = isInput ? inputReasons(item) : planReasons(item);
  Explanation answer;
  answer.add(reasons);
  const Rows position = connection.run(isInput ? "api_input_position" : "api_plan_position", {id});
  return answer.end(
      item.text("status") == (isInput ? "pending" : "ready_for_build") && reasons.empty(),
      position.empty() ? std::string_view() : Row(position, 0).text("position"));
}

}  // namespace planwright

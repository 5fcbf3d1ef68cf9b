#include "store/inputs.h"

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "artifacts/blob_store.h"
#include "base/failpoints.h"
#include "store/pg_array.h"
#include "store/reported_events.h"

namespace planwright {
namespace {

double seconds(std::chrono::milliseconds time) {
  return static_cast<double>(time.count()) / 1000;
}

bool namesBlobs(const std::vector<PlannedInput>& inputs) {
  return std::any_of(inputs.begin(), inputs.end(),
                     [](const auto& input) { return !input.plan.blobs.empty(); });
}

template <class Input>
bool tellEvents(const std::vector<Input>& inputs) {
  return std::any_of(inputs.begin(), inputs.end(),
                     [](const auto& input) { return !input.events.empty(); });
}

std::string subjectOf(InputId id) {
  return "input/" + std::to_string(number(id));
}

/// A plan that was claimed as it was made.
ClaimedPlan firstClaim(const Rows& rows, std::size_t row, const SealedPlan& plan) {
  ClaimedPlan claim;
  claim.id = PlanId{rows.number(row, "id")};
  claim.fence = 1;
  claim.attempt = 1;
  claim.build = BuildId{rows.number(row, "build_id")};
  claim.traceId = rows.text(row, "trace_id");
  claim.source = rows.text(row, "source");
  claim.digest = plan.digest.text();
  claim.jobCount = plan.jobCount;
  if (plan.document.size() <= static_cast<std::size_t>(kSmallBlobBytes))
    claim.document = plan.document;
  return claim;
}

}  // namespace

const Inputs::Statements Inputs::kStatements{.isOpen = "plans",
                                             .claim = "claim_inputs",
                                             .due = "sweep_inputs",
                                             .dueAlone = "sweep_inputs_alone",
                                             .othersWait = "other_input_source",
                                             .cancelled = "cancelled_inputs"};

Inputs::Inputs(Connection& connection) : LineRows(connection, kStatements) {}

std::vector<ClaimedInput> Inputs::claim(const std::vector<std::int64_t>& ids, InstanceId instance,
                                        const std::string& queue, bool alone) {
  failpoint("plan.claim.before");
  const Rows rows = claimRows(ids, instance, queue, alone);
  if (!rows.empty()) failpoint("plan.claim.after");
  std::vector<ClaimedInput> claimed(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    claimed[i].id = InputId{rows.number(i, "id")};
    claimed[i].filename = rows.text(i, "filename");
    claimed[i].digest = rows.text(i, "digest");
    claimed[i].sizeBytes = rows.number(i, "size");
    claimed[i].fence = rows.number(i, "fence");
    claimed[i].attempt = static_cast<int>(rows.number(i, "attempt"));
    claimed[i].attributesJson = rows.text(i, "attributes");
    claimed[i].traceId = rows.text(i, "trace_id");
    claimed[i].content = rows.bytes(i, "content");
  }
  return claimed;
}

std::vector<Inputs::Made> Inputs::finishPlanned(const std::vector<PlannedInput>& inputs,
                                                const std::string& queue, ClaimAhead ahead) {
  // A plan and what it names become visible together, or the collector would see one alone. Most
  // plans name no blob, and a single statement is its own transaction. So it is with events.
  std::optional<Transaction> together;
  if (namesBlobs(inputs) || tellEvents(inputs)) together.emplace(connection_);
  PgArray ids, fences, digests, recipes, summaries, counts, planners, plannerDigests,
      settingsDigests, sizes, documents;
  for (const auto& input : inputs) {
    const SealedPlan& plan = input.plan;
    ids.add(number(input.id));
    fences.add(input.fence);
    digests.add(plan.digest.text());
    recipes.add(plan.recipe.empty() ? std::nullopt : std::optional(plan.recipe.text()));
    summaries.add(plan.summaryJson);
    counts.add(std::int64_t{plan.jobCount});
    planners.add(plan.planner);
    plannerDigests.add(plan.plannerDigest);
    settingsDigests.add(plan.settingsDigest);
    sizes.add(static_cast<std::int64_t>(plan.document.size()));
    documents.add(plan.isLarge ? std::nullopt : std::optional(plan.document));
  }
  const std::string idText = ids.take();
  const std::string fenceText = fences.take();
  Rows rows = connection_.run(
      "finish_planned",
      {idText, fenceText, digests.take(), summaries.take(), counts.take(), planners.take(),
       plannerDigests.take(), settingsDigests.take(), sizes.take(), documents.take(),
       recipes.take(), queue, number(ahead.instance), static_cast<std::int64_t>(ahead.count)});
  tell(inputs, rows, queue);  // not what was told by that earlier one
  // There are fewer rows than asked for if claims were lost, or if an earlier commit of ours took
  // place whose answer never came.
  if (rows.size() < inputs.size())
    rows = connection_.run("planned_before", {idText, fenceText, number(ahead.instance)});
  std::unordered_map<std::int64_t, const SealedPlan*> plans;
  for (const auto& input : inputs) plans[number(input.id)] = &input.plan;
  std::vector<Made> made(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    made[i] = {InputId{rows.number(i, "pending_input_id")},
               PlanId{rows.number(i, "id")},
               rows.flag(i, "queued"),
               {}};
    if (!rows.isNull(i, "build_id"))
      made[i].claim = firstClaim(rows, i, *plans.at(rows.number(i, "pending_input_id")));
  }
  if (together) {
    nameBlobs(inputs, made);
    together->commit();
  }
  return made;
}

void Inputs::tell(const std::vector<PlannedInput>& inputs, const Rows& finished,
                  const std::string& queue) {
  if (!tellEvents(inputs)) return;
  ReportedEvents events;
  for (std::size_t i = 0; i < finished.size(); ++i) {
    const auto input = std::find_if(inputs.begin(), inputs.end(), [&](const auto& each) {
      return number(each.id) == finished.number(i, 0);
    });
    const std::string& planner = input->plan.planner;  // id and version
    events.add(subjectOf(input->id), planner.substr(0, planner.rfind(' ')), input->events);
  }
  events.write(connection_, queue);
}

void Inputs::note(const std::vector<InputProgress>& said) {
  PgArray ids, fences, texts;
  for (const auto& each : said) {
    ids.add(number(each.id));
    fences.add(each.fence);
    texts.add(toJson(each.progress));
  }
  connection_.run("note_input_progress", {ids.take(), fences.take(), texts.take()});
}

void Inputs::nameBlobs(const std::vector<PlannedInput>& inputs, const std::vector<Made>& made) {
  for (const auto& plan : made) {
    const auto input = std::find_if(inputs.begin(), inputs.end(),
                                    [&](const auto& each) { return each.id == plan.input; });
    if (input->plan.blobs.empty()) continue;
    PgArray digests;
    for (const auto& digest : input->plan.blobs) digests.add(digest);
    connection_.run("name_plan_blobs", {number(plan.plan), digests.take()});
  }
}

std::vector<Inputs::Unplanned> Inputs::finishUnplanned(const std::vector<UnplannedInput>& inputs,
                                                       const std::string& queue) {
  PgArray ids, fences, statuses, delays, errors, reasons, details, classes, uncounts, budgets,
      deaths;
  for (const auto& input : inputs) {
    const bool cancelled = input.failure.kind == FailureClass::Cancelled;
    ids.add(number(input.id));
    fences.add(input.fence);
    statuses.add(std::string_view(input.retryIn ? "pending" : cancelled ? "cancelled" : "failed"));
    delays.add(seconds(input.retryIn.value_or(std::chrono::milliseconds(0))));
    errors.add(input.failure.message);
    reasons.add(input.reasonCode);
    details.add(input.failure.details);
    classes.add(toText(input.failure.kind));
    uncounts.add(std::int64_t{input.countAttempt ? 0 : 1});
    budgets.add(std::int64_t{input.budget});
    deaths.add(std::int64_t{input.isDeath ? 1 : 0});
  }
  std::optional<Transaction> together;
  if (tellEvents(inputs)) together.emplace(connection_);
  const Rows rows = connection_.run(
      "finish_unplanned",
      {ids.take(), fences.take(), statuses.take(), delays.take(), errors.take(), reasons.take(),
       details.take(), classes.take(), queue, uncounts.take(), budgets.take(), deaths.take()});
  if (together) {
    ReportedEvents events;
    for (const auto& input : inputs)
      for (std::size_t i = 0; i < rows.size(); ++i)
        if (number(input.id) == rows.number(i, 0))
          events.add(subjectOf(input.id), input.planner, input.events);
    events.write(connection_, queue);
    together->commit();
  }
  std::vector<Unplanned> done(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i)
    done[i] = {InputId{rows.number(i, "id")}, rows.text(i, "status")};
  return done;
}

std::vector<InputId> Inputs::cancelRequests(InstanceId instance, const std::string& queue) {
  return idsOf<InputId>(cancelled(instance, queue));
}

std::vector<InputId> Inputs::endCancelled(const std::vector<PlannedInput>& inputs) {
  PgArray ids, fences;
  for (const auto& input : inputs) {
    ids.add(number(input.id));
    fences.add(input.fence);
  }
  return idsOf<InputId>(connection_.run("end_cancelled_claims", {ids.take(), fences.take()}));
}

}  // namespace planwright

#include "planning/plan_committer.h"

#include <algorithm>
#include <map>

#include "base/failpoints.h"
#include "base/log.h"
#include "base/unavailable.h"
#include "base/until_done.h"
#include "store/blobs.h"
#include "store/inputs.h"
#include "store/queue_rows.h"

namespace planwright {

PlanCommitter::PlanCommitter(const Host& host, LiveQueue& queue, NextStage<ClaimedPlan>* building)
    : host_(host),
      queue_(queue),
      building_(building),
      connection_(host.database.shared()),
      tickets_(host.connectTickets()) {}

bool PlanCommitter::commit(const std::vector<PlanResult>& results, const std::stop_token& stop) {
  return untilDone("planned results queue=" + queue_.name, stop, [&] {
    try {
      commitTogether(results);
    } catch (const Unavailable&) {
      throw;
    } catch (const std::exception& e) {  // one of them cannot be stored: find it
      log::error("a group commit failed queue={}: {}", queue_.name, e.what());
      commitSingly(results);
    }
  });
}

void PlanCommitter::commitTogether(const std::vector<PlanResult>& results) {
  std::vector<PlannedInput> planned;
  std::vector<UnplannedInput> unplanned;
  std::vector<StagedBlob> blobs;
  Hold hold;
  for (const auto& result : results) {
    if (const auto* made = std::get_if<PlannedInput>(&result.end))
      planned.push_back(*made);
    else
      unplanned.push_back(std::get<UnplannedInput>(result.end));
    blobs.insert(blobs.end(), result.blobs.begin(), result.blobs.end());
    if (!result.hold.empty()) hold = result.hold;
  }
  Blobs::record(*connection_, blobs);
  if (!hold.empty()) {
    QueueRows(*connection_).holdPlanning(queue_.name, hold.reason, hold.quarantined);
    log::error("queue held queue={} stage=plan: {}", queue_.name, hold.reason);
  }
  if (!planned.empty()) commitPlanned(planned);
  if (!unplanned.empty()) commitUnplanned(unplanned);
  host_.bell.ring();
}

void PlanCommitter::commitSingly(const std::vector<PlanResult>& results) {
  for (const auto& result : results) {
    try {
      commitTogether({result});
    } catch (const Unavailable&) {
      throw;
    } catch (const std::exception& e) {
      const auto* made = std::get_if<PlannedInput>(&result.end);
      UnplannedInput failed = made ? UnplannedInput{} : std::get<UnplannedInput>(result.end);
      if (made) failed.id = made->id, failed.fence = made->fence;
      failed.failure = {
          FailureClass::Bug, std::string("The result could not be stored: ") + e.what(), {}, {}};
      failed.reasonCode = "internal";
      failed.retryIn.reset();
      failed.events.clear();  // they may be what cannot be stored
      commitUnplanned({failed});
    }
  }
}

std::size_t PlanCommitter::commitPlanned(const std::vector<PlannedInput>& planned) {
  failpoint("plan.commit.before");
  Seats<ClaimedPlan> seats(building_, planned.size());
  auto made = Inputs(*connection_)
                  .finishPlanned(planned, queue_.name,
                                 {InstanceId{host_.membership.instance()}, seats.count()});
  failpoint("plan.commit.after");
  std::vector<std::int64_t> tickets;
  std::vector<ClaimedPlan> claimed;
  for (auto& plan : made) {
    if (plan.queued) tickets.push_back(number(plan.plan));
    log::debug("planned plan={} input={}", number(plan.plan), number(plan.input));
    if (plan.claim) claimed.push_back(std::move(*plan.claim));
  }
  seats.fill(std::move(claimed));
  pushTickets(tickets);
  count("planned", made.size());
  if (made.size() < planned.size()) {
    const auto cancelled = Inputs(*connection_).endCancelled(planned).size();
    host_.metrics.add("planwright_fenced_writes_total", {},
                      static_cast<double>(planned.size() - made.size() - cancelled));
  }
  return made.size();
}

std::size_t PlanCommitter::commitUnplanned(const std::vector<UnplannedInput>& unplanned) {
  const auto done = Inputs(*connection_).finishUnplanned(unplanned, queue_.name);
  std::map<std::string, std::size_t> outcomes;
  for (const auto& end : done) {
    const auto& input = *std::find_if(unplanned.begin(), unplanned.end(),
                                      [&](const auto& one) { return one.id == end.id; });
    if (!input.countAttempt) continue;
    ++outcomes[end.status];
    log::info("{} input={} class={}: {}", end.status == "pending" ? "retrying" : end.status,
              number(input.id), toText(input.failure.kind), input.failure.message);
    if (end.status == "pending")
      host_.metrics.add("planwright_retries_total",
                        {{"queue", planList(queue_.name)}, {"reason", toText(input.failure.kind)}});
  }
  for (const auto& [status, items] : outcomes)
    if (status != "pending") count(status.c_str(), items);
  if (done.size() < unplanned.size())
    host_.metrics.add("planwright_fenced_writes_total", {},
                      static_cast<double>(unplanned.size() - done.size()));
  return done.size();
}

void PlanCommitter::pushTickets(const std::vector<std::int64_t>& plans) {
  if (plans.empty()) return;
  try {
    tickets_->push(buildList(queue_.name), plans);
  } catch (const Unavailable& e) {  // the rows are committed: reconcile or an idle slot finds them
    log::debug("no tickets pushed queue={}: {}", queue_.name, e.what());
  }
}

void PlanCommitter::count(const char* outcome, std::size_t items) {
  if (items > 0)
    host_.metrics.add("planwright_items_finished_total",
                      {{"queue", planList(queue_.name)}, {"outcome", outcome}},
                      static_cast<double>(items));
}

}  // namespace planwright

#include "control/stage_counts.h"

#include <algorithm>

#include "base/log.h"
#include "base/threads.h"
#include "base/unavailable.h"
#include "store/row.h"

namespace planwright {
namespace {

constexpr std::chrono::milliseconds kFresh{500};
constexpr std::chrono::milliseconds kCountPatience{40};  // for new numbers, when there are old ones
constexpr std::chrono::seconds kLongestWait{5};          // for the first ones
constexpr int kShare = 20;

void addItems(const Row& row, ItemCounts& all) {
  const bool isPlan = row.text("stage") == "plan";
  auto& queue = all.queues[std::string(row.text("queue"))];
  StageCount& stage = isPlan ? queue.plan : queue.build;
  const std::string status(row.text("status"));
  const std::int64_t count = row.number("n");
  const bool isRunning = status == (isPlan ? "planning" : "building");
  stage.byStatus[status] += count;
  if (isRunning) stage.running += count;
  if (isRunning && !row.isNull("instance")) {
    auto& host = all.hosts[row.number("instance")];
    (isPlan ? host.planning : host.building) += count;
  }
  if (!row.isNull("oldest_seconds"))
    stage.oldestSeconds = std::max(stage.oldestSeconds.value_or(0), row.real("oldest_seconds"));
  stage.depth += row.number("due");
  stage.delayed += row.number("delayed");
  stage.ratePerMinute += row.number("lately");
}

}  // namespace

StageCounts::StageCounts(Database& database, const Clock& clock)
    : clock_(clock),
      connection_(database.shared(Workload::Queries)),
      thread_(startThread("pw-counts", [this](const std::stop_token& stop) { run(stop); })) {}

std::shared_ptr<const ItemCounts> StageCounts::get() {
  std::int64_t mine = 0;
  bool hasOld = false;
  {
    auto state = state_.lock();
    hasOld = state->counts != nullptr;
    if (hasOld && clock_.steady() < state->until) return state->counts;
    mine = ++state->asked;
  }
  state_.notifyAll();
  auto state = state_.waitFor(hasOld ? std::chrono::milliseconds(kCountPatience) : kLongestWait, {},
                              [&](const State& now) { return now.answered >= mine; });
  if (state->counts) return state->counts;
  throw Unavailable(state->problem.empty() ? "The items are still being counted." : state->problem);
}

void StageCounts::forget() {
  auto state = state_.lock();
  ++state->changes;
  state->until = {};
}

void StageCounts::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const auto isAsked = [](const State& now) { return now.asked > now.answered; };
    if (!isAsked(*state_.waitFor(std::chrono::seconds(1), stop, isAsked))) continue;
    count();
    state_.notifyAll();
  }
}

ItemCounts StageCounts::read() {
  ItemCounts all;
  all.at = clock_.steady();
  const Rows items = connection_->run("api_item_counts");
  for (std::size_t i = 0; i < items.size(); ++i) addItems(Row(items, i), all);
  const Rows jobs = connection_->run("api_running_jobs");
  for (std::size_t i = 0; i < jobs.size(); ++i)
    all.queues[std::string(Row(jobs, i).text("queue"))].jobsRunning = Row(jobs, i).number("n");
  const Rows dead = connection_->run("api_dead_counts");
  for (std::size_t i = 0; i < dead.size(); ++i) {
    const Row row(dead, i);
    auto& queue = all.queues[std::string(row.text("queue"))];
    queue.plan.dead = row.number("inputs");
    queue.build.dead = row.number("plans");
  }
  return all;
}

void StageCounts::count() {
  std::int64_t upTo = 0, changes = 0;
  {
    auto state = state_.lock();
    upTo = state->asked;
    changes = state->changes;
  }
  const auto start = clock_.steady();
  std::shared_ptr<const ItemCounts> counts;
  std::string problem;
  try {
    counts = std::make_shared<const ItemCounts>(read());
  } catch (const std::exception& e) {
    problem = e.what();
    log::debug("items cannot be counted: {}", problem);
  }
  const auto end = clock_.steady();
  auto state = state_.lock();
  state->answered = upTo;
  state->problem = problem;
  if (!counts) return;
  state->counts = std::move(counts);
  if (state->changes == changes)
    state->until = end + std::max<SteadyTime::duration>(kFresh, (end - start) * kShare);
}

}  // namespace planwright

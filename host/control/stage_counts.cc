#include "control/stage_counts.h"

#include <algorithm>

#include "base/log.h"
#include "base/threads.h"
#include "base/unavailable.h"

namespace planwright {
namespace {

constexpr std::chrono::milliseconds kFresh{500};
constexpr std::chrono::milliseconds kCountPatience{40};  // for new numbers, when there are old ones
constexpr std::chrono::seconds kLongestWait{5};          // for the first ones
constexpr int kShare = 20;

}  // namespace

StageCounts::StageCounts(Database& database, const Clock& clock)
    : clock_(clock),
      connection_(database.dedicated(Workload::Queries)),
      thread_(startThread("pw-counts", [this](const std::stop_token& stop) { run(stop); })) {}

std::string StageCounts::get() {
  std::int64_t mine = 0;
  bool hasOld = false;
  {
    auto state = state_.lock();
    hasOld = !state->json.empty();
    if (hasOld && clock_.steady() < state->until) return state->json;
    mine = ++state->asked;
  }
  state_.notifyAll();
  auto state = state_.waitFor(hasOld ? std::chrono::milliseconds(kCountPatience) : kLongestWait, {},
                              [&](const State& now) { return now.answered >= mine; });
  if (!state->json.empty()) return state->json;
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

void StageCounts::count() {
  std::int64_t upTo = 0, changes = 0;
  {
    auto state = state_.lock();
    upTo = state->asked;
    changes = state->changes;
  }
  const auto start = clock_.steady();
  std::string json, problem;
  try {
    json = connection_->run("api_counts").text(0, 0);
  } catch (const std::exception& e) {
    problem = e.what();
    log::debug("items cannot be counted: {}", problem);
  }
  const auto end = clock_.steady();
  auto state = state_.lock();
  state->answered = upTo;
  state->problem = problem;
  if (json.empty()) return;
  state->json = std::move(json);
  if (state->changes == changes)
    state->until = end + std::max<SteadyTime::duration>(kFresh, (end - start) * kShare);
}

}  // namespace planwright

#include "planning/plan_stage.h"

#include <algorithm>
#include <unordered_set>

#include "base/failpoints.h"
#include "base/log.h"
#include "base/threads.h"
#include "store/inputs.h"

namespace planwright {
namespace {

constexpr std::size_t kGroup = 500;   // beyond it a commit only gets slower
constexpr int kLooksPerCancel = 2;    // of the watch between two looks for cancel requests
constexpr int kLooksPerProgress = 5;  // and between two writes of how far calls are
constexpr std::chrono::seconds kLongestWait{
    1};  // of a claimed item for a worker, before it is given back

std::int64_t idOf(const PlanResult& result) {
  return std::visit([](const auto& end) { return number(end.id); }, result.end);
}

}  // namespace

PlanStage::PlanStage(const Host& host, LiveQueue& queue, NextStage<ClaimedPlan>* building,
                     int workers)
    : host_(host),
      queue_(queue),
      list_(planList(queue.name)),
      wanted_(workers),
      watchConnection_(host.database.shared()),
      committer_(host, queue, building),
      claims_(host, queue, {.list = list_, .workers = workers, .deliver = [this](auto claimed) {
                              deliver(std::move(claimed));
                            }}) {
  finishThread_ = startThread("pw-plan-f", [this](const std::stop_token& stop) { finish(stop); });
  startWorkers();
  watchThread_ = startThread("pw-plan-w", [this](const std::stop_token& stop) { watch(stop); });
  claims_.start("pw-plan-c");
}

PlanStage::~PlanStage() {
  claims_.stop();
  wanted_ = 0;
  inbox_.notifyAll();
  {
    auto workers = workers_.lock();
    for (auto& worker : *workers) worker->thread.request_stop();
    for (auto& worker : *workers)
      while (!worker->gone) {  // again: it may have been just about to begin
        worker->step.interrupt(StopReason::Drain);
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
      }
  }
  watchThread_.request_stop();
  watchThread_.join();
  workers_.lock()->clear();  // joins
  finishThread_.request_stop();
}

void PlanStage::resize(int workers) {
  wanted_ = workers;
  claims_.resize(workers);
  startWorkers();
  inbox_.notifyAll();
}

void PlanStage::startWorkers() {
  auto workers = workers_.lock();
  std::erase_if(*workers, [](const auto& worker) { return worker->gone.load(); });
  const int missing = wanted_ - static_cast<int>(workers->size());
  for (int i = 0; i < missing; ++i) {
    const int index = static_cast<int>(workers->size());
    auto made = std::make_unique<Worker>(host_, queue_);
    made->thread = startThread(
        "pw-plan-" + std::to_string(index),
        [this, &worker = *made, index](const std::stop_token& stop) { work(worker, index, stop); });
    workers->push_back(std::move(made));  // one that did not start takes no place
  }
}

void PlanStage::stopWork() {
  giveBack(0);
  auto workers = workers_.lock();
  for (auto& worker : *workers) worker->step.interrupt(StopReason::Drain);
}

bool PlanStage::drain() {
  giveBack(0);
  return claims_.isEmpty();
}

void PlanStage::deliver(std::vector<ClaimedInput> claimed) {
  {
    auto inbox = inbox_.lock();
    inbox->lastTaken = host_.clock.steady();
    for (auto& input : claimed) inbox->waiting.push_back(std::move(input));
  }
  inbox_.notifyAll();
}

std::optional<ClaimedInput> PlanStage::take(const std::stop_token& stop) {
  auto inbox = inbox_.waitFor(std::chrono::seconds(1), stop,
                              [](const Inbox& now) { return !now.waiting.empty(); });
  if (inbox->waiting.empty() || stop.stop_requested()) return std::nullopt;
  std::optional<ClaimedInput> input(std::move(inbox->waiting.front()));
  inbox->waiting.pop_front();
  inbox->lastTaken = host_.clock.steady();
  return input;
}

void PlanStage::work(Worker& worker, int index, const std::stop_token& stop) {
  while (!stop.stop_requested() && index < wanted_) {
    const auto input = take(stop);
    if (!input) {
      worker.step.refresh();
      continue;
    }
    busy_.fetch_add(1, std::memory_order_relaxed);
    PlanResult result = worker.step.run(*input);
    busy_.fetch_sub(1, std::memory_order_relaxed);
    claims_.finished(result.took);
    host_.metrics.observe("planwright_item_run_seconds",
                          {{"queue", list_}, {"plugin", result.plugin}},
                          std::chrono::duration<double>(result.took).count());
    const auto* failed = std::get_if<UnplannedInput>(&result.end);
    if (failed && failed->countAttempt && !result.plugin.empty() &&
        failed->failure.kind != FailureClass::Cancelled)
      host_.metrics.add("planwright_plugin_errors_total",
                        {{"plugin", result.plugin}, {"class", toText(failed->failure.kind)}});
    outbox_.add(std::move(result));
  }
  worker.gone = true;
}

void PlanStage::finish(const std::stop_token& stop) {
  // After a stop, this goes on until nothing is left, so that the results of finished work are
  // committed, and what nobody will plan is given back.
  for (;;) {
    const bool isLast = stop.stop_requested();
    if (isLast) giveBack(0);
    auto results = outbox_.take(kGroup, std::chrono::seconds(1), stop);
    if (results.empty()) {
      if (isLast) return;
      continue;
    }
    if (!committer_.commit(results, stop)) return;  // the claims go back when the instance ends
    std::unordered_set<std::int64_t> done;
    for (const auto& result : results) done.insert(idOf(result));
    claims_.release(done);
  }
}

void PlanStage::watch(const std::stop_token& stop) {
  int round = 0;
  while (sleepFor(std::chrono::milliseconds(200), stop)) {
    const auto now = host_.clock.steady();
    {
      auto workers = workers_.lock();
      for (auto& worker : *workers) worker->step.checkLimits(now);
    }
    try {
      if (++round % kLooksPerProgress == 0) noteProgress();
      if (round % kLooksPerCancel == 0 && !claims_.isEmpty()) cancelWhatIsAsked();
    } catch (const std::exception& e) {  // the next look makes it good
      log::debug("the watch cannot reach Postgres queue={}: {}", queue_.name, e.what());
    }
    // Many items were claimed because items were quick. Now they are slow, so the surplus is given
    // back for other hosts.
    if (now - inbox_.lock()->lastTaken > kLongestWait)
      giveBack(static_cast<std::size_t>(std::max(0, wanted_.load())));
  }
}

/// One statement for all calls that said something new. One that is lost is made good by the next.
void PlanStage::noteProgress() {
  std::vector<InputProgress> said;
  {
    auto workers = workers_.lock();
    for (auto& worker : *workers)
      if (auto progress = worker->step.takeProgress()) said.push_back(std::move(*progress));
  }
  if (!said.empty()) Inputs(*watchConnection_).note(said);
}

/// This is repeated until the status is written, so a request that comes between two calls is not
/// lost.
void PlanStage::cancelWhatIsAsked() {
  const auto asked = Inputs(*watchConnection_)
                         .cancelRequests(InstanceId{host_.membership.instance()}, queue_.name);
  if (asked.empty()) return;
  failpoint("cancel.stop.before");
  std::vector<PlanResult> ended;
  {
    auto inbox = inbox_.lock();
    std::erase_if(inbox->waiting, [&](const ClaimedInput& input) {
      if (std::find(asked.begin(), asked.end(), input.id) == asked.end()) return false;
      UnplannedInput cancelled;
      cancelled.id = input.id;
      cancelled.fence = input.fence;
      cancelled.failure = {FailureClass::Cancelled, "Somebody cancelled it.", {}, {}};
      cancelled.reasonCode = "cancelled";
      ended.emplace_back().end = std::move(cancelled);
      return true;
    });
  }
  if (!ended.empty()) outbox_.add(std::move(ended));
  auto workers = workers_.lock();
  for (auto& worker : *workers) worker->step.interrupt(asked, StopReason::User);
}

void PlanStage::abandon() {
  std::unordered_set<std::int64_t> waiting;
  {
    auto inbox = inbox_.lock();
    for (const auto& input : inbox->waiting) waiting.insert(number(input.id));
    inbox->waiting.clear();
  }
  claims_.release(waiting);
  auto workers = workers_.lock();
  for (auto& worker : *workers) worker->step.interrupt(StopReason::LeaseLost);
}

void PlanStage::giveBack(std::size_t keep) {
  std::vector<PlanResult> back;
  auto inbox = inbox_.lock();
  while (inbox->waiting.size() > keep) {
    UnplannedInput unused;
    unused.id = inbox->waiting.back().id;
    unused.fence = inbox->waiting.back().fence;
    unused.retryIn = std::chrono::milliseconds(0);
    unused.countAttempt = false;
    PlanResult result;
    result.end = std::move(unused);
    back.push_back(std::move(result));
    inbox->waiting.pop_back();
  }
  if (!back.empty()) outbox_.add(std::move(back));
}

}  // namespace planwright

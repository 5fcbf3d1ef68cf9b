#include "planning/plan_stage.h"

#include <algorithm>
#include <unordered_set>

#include "base/failpoints.h"
#include "base/log.h"
#include "base/threads.h"
#include "store/inputs.h"

namespace planwright {
namespace {

constexpr std::size_t kGroup = 500;  // beyond it a commit only gets slower
constexpr int kLooksPerCancel = 2;   // of the watch between two looks for cancel requests
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
      prefetch_(std::chrono::milliseconds(50)),
      claimConnection_(host.database.dedicated()),
      watchConnection_(host.database.dedicated()),
      alone_(aloneDoors()),
      turns_(turnDoors()),
      committer_(host, queue, building) {
  ClaimPort port;
  port.room = [this](const std::stop_token& stop) { return room(stop); };
  port.roomNow = [this] { return free(*inbox_.lock()); };
  port.isDry = [this](bool isDry) { inbox_.lock()->isQueueDry = isDry; };
  port.due = [this](std::size_t limit) { return turns().due(limit); };
  port.turns = [this](std::vector<std::int64_t> tickets) {
    return turns().instead(std::move(tickets), host_.clock.steady());
  };
  port.claim = [this](const std::vector<std::int64_t>& ids) { return claim(ids, false); };
  port.isOpen = [this] {
    const Rows open = claimConnection_->run("queue_is_open", {queue_.name});
    return !open.empty() && open.flag(0, 0);
  };
  port.waitForCommit = [this, seen = std::uint64_t{0}](std::chrono::milliseconds time,
                                                       const std::stop_token& stop) mutable {
    seen = host_.bell.wait(seen, time, stop);
  };
  claimer_ =
      std::make_unique<Claimer>(list_, host.connectTickets(), host.membership, std::move(port));
  finishThread_ = startThread("pw-plan-f", [this](const std::stop_token& stop) { finish(stop); });
  startWorkers();
  watchThread_ = startThread("pw-plan-w", [this](const std::stop_token& stop) { watch(stop); });
  claimThread_ =
      startThread("pw-plan-c", [this](const std::stop_token& stop) { claimer_->run(stop); });
}

PlanStage::~PlanStage() {
  claimThread_.request_stop();
  claimThread_.join();
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
  giveBack(0);
  finishThread_.request_stop();
}

void PlanStage::resize(int workers) {
  if (wanted_.exchange(workers) == workers) return;
  startWorkers();
  inbox_.notifyAll();
}

void PlanStage::startWorkers() {
  auto workers = workers_.lock();
  std::erase_if(*workers, [](const auto& worker) { return worker->gone.load(); });
  const int missing = wanted_ - static_cast<int>(workers->size());
  for (int i = 0; i < missing; ++i) {
    const int index = static_cast<int>(workers->size());
    workers->push_back(std::make_unique<Worker>(host_, queue_));
    Worker& worker = *workers->back();
    worker.thread = startThread(
        "pw-plan-" + std::to_string(index),
        [this, &worker, index](const std::stop_token& stop) { work(worker, index, stop); });
  }
}

void PlanStage::stopWork() {
  giveBack(0);
  auto workers = workers_.lock();
  for (auto& worker : *workers) worker->step.interrupt(StopReason::Drain);
}

bool PlanStage::drain() {
  giveBack(0);
  auto inbox = inbox_.lock();
  return inbox->held.empty() && inbox->reserved == 0;
}

std::vector<std::int64_t> PlanStage::held() {
  return inbox_.lock()->held;
}

std::size_t PlanStage::free(const Inbox& inbox) {
  const int wanted = wanted_;
  if (wanted <= 0) return 0;
  const std::size_t target = prefetch_.target(static_cast<std::size_t>(wanted));
  const std::size_t taken = inbox.held.size() + inbox.reserved;
  return target > taken ? target - taken : 0;
}

AloneTurns::Doors PlanStage::aloneDoors() {
  AloneTurns::Doors doors;
  doors.isEmpty = [this](const std::stop_token& stop) {
    inbox_.lock()->isQueueDry = false;  // nothing new comes in beside the one that is to be alone
    const auto isEmpty = [](const Inbox& now) { return now.held.empty() && now.reserved == 0; };
    return isEmpty(*inbox_.waitFor(std::chrono::seconds(1), stop, isEmpty));
  };
  doors.due = [this] { return Inputs(*claimConnection_).dueAlone(queue_.name); };
  doors.claim = [this](const std::vector<std::int64_t>& ids) { return claim(ids, true) > 0; };
  return doors;
}

SourceTurns::Doors PlanStage::turnDoors() {
  return {[this](const std::string& source) {
            return Inputs(*claimConnection_).doOthersWait(queue_.name, source);
          },
          [this](std::size_t limit) { return Inputs(*claimConnection_).due(queue_.name, limit); }};
}

SourceTurns& PlanStage::turns() {
  if (auto newest = queue_.now(); newest != weighed_) {
    turns_.weigh(weightsOf(newest->config));
    weighed_ = std::move(newest);
  }
  return turns_;
}

std::size_t PlanStage::room(const std::stop_token& stop) {
  if (wanted_ > 0 && alone_.step(host_.clock.steady(), stop)) return 0;
  // A group is worth waiting for: with many items under way, claim when half of the room is free.
  auto inbox = inbox_.waitFor(std::chrono::seconds(1), stop, [&](const Inbox& now) {
    const std::size_t room = free(now);
    return room > 0 && room * 2 >= std::min(now.held.size(), kGroup);
  });
  return std::min(free(*inbox), kGroup);
}

std::size_t PlanStage::claim(const std::vector<std::int64_t>& ids, bool alone) {
  failpoint("plan.claim.before");
  auto claimed = Inputs(*claimConnection_)
                     .claim(ids, InstanceId{host_.membership.instance()}, queue_.name, alone);
  if (claimed.empty()) return 0;
  failpoint("plan.claim.after");
  const std::size_t count = claimed.size();
  receive(std::move(claimed), 0);
  host_.bell.ring();
  return count;
}

std::size_t PlanStage::reserve(std::size_t most) {
  if (!host_.membership.mayClaim()) return 0;
  auto inbox = inbox_.lock();
  const std::size_t seats = inbox->isQueueDry ? std::min(free(*inbox), most) : 0;
  inbox->reserved += seats;
  return seats;
}

void PlanStage::receive(std::vector<ClaimedInput> claimed, std::size_t seats) {
  {
    auto inbox = inbox_.lock();
    inbox->reserved -= seats;
    if (!claimed.empty()) inbox->lastTaken = host_.clock.steady();
    for (auto& input : claimed) {
      inbox->held.push_back(number(input.id));
      inbox->waiting.push_back(std::move(input));
    }
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
    prefetch_.finished(result.took);
    host_.metrics.observe("planwright_item_run_seconds",
                          {{"queue", list_}, {"plugin", result.plugin}},
                          std::chrono::duration<double>(result.took).count());
    outbox_.add(std::move(result));
  }
  worker.gone = true;
}

void PlanStage::finish(const std::stop_token& stop) {
  // After a stop it goes on until nothing is left: results of finished work are worth a last
  // commit.
  while (!stop.stop_requested() || !outbox_.empty()) {
    auto results = outbox_.take(kGroup, std::chrono::seconds(1), stop);
    if (results.empty()) continue;
    if (!committer_.commit(results, stop)) return;  // the claims go back when the instance ends
    std::unordered_set<std::int64_t> done;
    for (const auto& result : results) done.insert(idOf(result));
    std::erase_if(inbox_.lock()->held, [&](std::int64_t id) { return done.contains(id); });
    inbox_.notifyAll();
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
    if (++round % kLooksPerCancel == 0 && !held().empty()) cancelWhatIsAsked();
    // Items were quick, so many were claimed, and then they became slow: others may have them.
    if (now - inbox_.lock()->lastTaken > kLongestWait)
      giveBack(static_cast<std::size_t>(std::max(0, wanted_.load())));
  }
}

/// Asked again until the status is written, so a request that came between two calls is not lost.
void PlanStage::cancelWhatIsAsked() {
  std::vector<InputId> asked;
  try {
    asked = Inputs(*watchConnection_)
                .cancelRequests(InstanceId{host_.membership.instance()}, queue_.name);
    if (!asked.empty()) failpoint("cancel.stop.before");
  } catch (const std::exception& e) {
    log::debug("cancel requests cannot be read: {}", e.what());
  }
  if (asked.empty()) return;
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
  {
    auto inbox = inbox_.lock();
    for (const auto& input : inbox->waiting) std::erase(inbox->held, number(input.id));
    inbox->waiting.clear();
  }
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

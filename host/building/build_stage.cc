#include "building/build_stage.h"

#include <algorithm>
#include <iterator>
#include <unordered_set>

#include "base/failpoints.h"
#include "base/log.h"
#include "base/threads.h"
#include "store/jobs.h"
#include "store/plans.h"

namespace planwright {
namespace {

constexpr std::size_t kGroup = 500;
constexpr std::chrono::milliseconds kSeatWait{50};
constexpr int kLooksPerCancel = 2;  // of the watch between two looks for cancel requests

template <class T>
void append(std::vector<T>& to, std::vector<T> from) {
  if (to.empty())
    to = std::move(from);
  else
    std::move(from.begin(), from.end(), std::back_inserter(to));
}

/// The end of a task that no thread took.
JobResult notRun(const JobTask& task, JobStatus status) {
  JobResult result;
  result.build = task.build;
  result.position = task.position;
  result.attemptId = task.attemptId;
  result.status = status;
  return result;
}

}  // namespace

BuildStage::BuildStage(const Host& host, LiveQueue& queue, int workers, int jobSlots)
    : host_(host),
      queue_(queue),
      workers_(workers),
      slots_(jobSlots),
      prefetch_(std::chrono::milliseconds(50)),
      claimConnection_(host.database.dedicated()),
      watchConnection_(host.database.dedicated()),
      alone_(aloneDoors()),
      turns_(turnDoors()),
      engines_(host, queue),
      loop_(host, queue,
            {[this] { return slots_.load(); },
             [this](std::vector<JobTask> tasks) {
               {
                 auto waiting = tasks_.lock();
                 for (auto& task : tasks)
                   waiting->insert(task.isUrgent ? waiting->begin() : waiting->end(),
                                   std::move(task));
               }
               tasks_.notifyAll();
             },
             [this](const std::vector<JobPlace>& jobs) { stopJobs(jobs); },
             [this](const std::vector<PlanId>& plans, std::chrono::microseconds work) {
               std::unordered_set<std::int64_t> done;
               for (const auto plan : plans) done.insert(number(plan));
               std::erase_if(held_.lock()->plans,
                             [&](std::int64_t id) { return done.contains(id); });
               prefetch_.finished(work / static_cast<std::int64_t>(plans.size()));
               held_.notifyAll();
             }}) {
  ClaimPort port;
  port.room = [this](const std::stop_token& stop) { return room(stop); };
  port.roomNow = [this] { return free(*held_.lock()); };
  port.isDry = [this](bool isDry) {
    held_.lock()->isQueueDry = isDry;
    held_.notifyAll();
  };
  port.due = [this](std::size_t limit) { return turns().due(limit); };
  port.turns = [this](std::vector<std::int64_t> tickets) {
    return turns().instead(std::move(tickets), host_.clock.steady());
  };
  port.claim = [this](const std::vector<std::int64_t>& ids) { return claim(ids, false); };
  port.isOpen = [this] {
    const Rows open = claimConnection_->run("queue_is_open", {queue_.name});
    return !open.empty() && open.flag(0, 1);
  };
  port.waitForCommit = [this, seen = std::uint64_t{0}](std::chrono::milliseconds time,
                                                       const std::stop_token& stop) mutable {
    seen = host_.bell.wait(seen, time, stop);
  };
  claimer_ = std::make_unique<Claimer>(buildList(queue.name), host.connectTickets(),
                                       host.membership, std::move(port));
  startThreads();
  loopThread_ = startThread("pw-build", [this](const std::stop_token& stop) { loop(stop); });
  watchThread_ = startThread("pw-build-w", [this](const std::stop_token& stop) { watch(stop); });
  claimThread_ =
      startThread("pw-build-c", [this](const std::stop_token& stop) { claimer_->run(stop); });
}

BuildStage::~BuildStage() {
  claimThread_.request_stop();
  claimThread_.join();
  interruptAll(StopReason::Drain);
  loopThread_.request_stop();  // it goes on until every job has come back
  loopThread_.join();
  watchThread_.request_stop();
  watchThread_.join();
  auto threads = jobThreads_.lock();
  for (auto& thread : *threads) thread->thread.request_stop();
  threads->clear();
}

void BuildStage::resize(int workers, int jobSlots) {
  workers_ = workers;
  if (slots_.exchange(jobSlots) != jobSlots) startThreads();
  held_.notifyAll();
  tasks_.notifyAll();
  mail_.notifyAll();
}

void BuildStage::startThreads() {
  auto threads = jobThreads_.lock();
  std::erase_if(*threads, [](const auto& thread) { return thread->gone.load(); });
  while (static_cast<int>(threads->size()) < slots_) {
    const int index = static_cast<int>(threads->size());
    threads->push_back(std::make_unique<JobThread>(host_, queue_, engines_));
    JobThread& self = *threads->back();
    self.thread =
        startThread("pw-job-" + std::to_string(index),
                    [this, &self, index](const std::stop_token& stop) { work(self, index, stop); });
  }
}

std::size_t BuildStage::free(const Held& held) {
  const int wanted = workers_;
  if (wanted <= 0) return 0;
  const std::size_t target = prefetch_.target(static_cast<std::size_t>(wanted));
  const std::size_t taken = held.plans.size() + held.reserved;
  return target > taken ? target - taken : 0;
}

AloneTurns::Doors BuildStage::aloneDoors() {
  AloneTurns::Doors doors;
  doors.isEmpty = [this](const std::stop_token& stop) {
    held_.lock()->isQueueDry = false;  // nothing new comes in beside the one that is to be alone
    const auto isEmpty = [](const Held& now) { return now.plans.empty() && now.reserved == 0; };
    return isEmpty(*held_.waitFor(std::chrono::seconds(1), stop, isEmpty));
  };
  doors.due = [this] { return Plans(*claimConnection_).dueAlone(queue_.name); };
  doors.claim = [this](const std::vector<std::int64_t>& ids) { return claim(ids, true) > 0; };
  return doors;
}

SourceTurns::Doors BuildStage::turnDoors() {
  return {[this](const std::string& source) {
            return Plans(*claimConnection_).doOthersWait(queue_.name, source);
          },
          [this](std::size_t limit) { return Plans(*claimConnection_).due(queue_.name, limit); }};
}

SourceTurns& BuildStage::turns() {
  if (auto newest = queue_.now(); newest != weighed_) {
    turns_.weigh(weightsOf(newest->config));
    weighed_ = std::move(newest);
  }
  return turns_;
}

std::size_t BuildStage::room(const std::stop_token& stop) {
  if (forget_) {  // what is claimed before the loop forgot would be forgotten too
    sleepFor(std::chrono::milliseconds(10), stop);
    return 0;
  }
  if (workers_ > 0 && alone_.step(host_.clock.steady(), stop)) return 0;
  auto held = held_.waitFor(std::chrono::seconds(1), stop, [&](const auto& now) {
    const std::size_t room = free(now);
    return room > 0 && room * 2 >= std::min(now.plans.size(), kGroup);
  });
  return std::min(free(*held), kGroup);
}

std::size_t BuildStage::claim(const std::vector<std::int64_t>& ids, bool alone) {
  failpoint("build.claim.before");
  auto claimed = Plans(*claimConnection_)
                     .claim(ids, InstanceId{host_.membership.instance()}, queue_.name, alone);
  if (claimed.empty()) return 0;
  failpoint("build.claim.after");
  const std::size_t count = claimed.size();
  receive(std::move(claimed), 0);
  host_.bell.ring();
  return count;
}

std::size_t BuildStage::reserve(std::size_t most) {
  if (!host_.membership.mayClaim()) return 0;
  // While builds are quick, seats come free in a moment, and a plan that is queued instead costs a
  // ticket, a claim and two more index entries.
  const bool isQuick = prefetch_.target(1) > 1;
  const std::size_t enough = std::min(most, kGroup / 2);
  auto held = held_.waitFor(isQuick ? kSeatWait : std::chrono::milliseconds(0), {},
                            [&](const Held& now) { return now.isQueueDry && free(now) >= enough; });
  const std::size_t seats = held->isQueueDry ? std::min(free(*held), most) : 0;
  held->reserved += seats;
  return seats;
}

void BuildStage::receive(std::vector<ClaimedPlan> claimed, std::size_t seats) {
  {
    auto held = held_.lock();
    held->reserved -= seats;
    for (const auto& plan : claimed) held->plans.push_back(number(plan.id));
  }
  if (claimed.empty()) return;
  append(mail_.lock()->claimed, std::move(claimed));
  mail_.notifyAll();
}

void BuildStage::loop(const std::stop_token& stop) {
  const auto hasMail = [](const BuildMessage& mail) {
    return !mail.claimed.empty() || !mail.ended.empty() || !mail.cancelled.empty() ||
           !mail.cancelledJobs.empty();
  };
  int slots = slots_;
  bool wasDraining = false;
  for (;;) {
    BuildMessage messages;
    {
      // After a stop the token no longer waits; jobs that still have to come back wake us by their
      // mail.
      auto mail = mail_.waitFor(
          stop.stop_requested() ? std::chrono::milliseconds(20) : loop_.untilDue(),
          stop.stop_requested() ? std::stop_token() : stop, [&](const BuildMessage& now) {
            return hasMail(now) || slots_ != slots || draining_ != wasDraining;
          });
      std::swap(messages, *mail);
      slots = slots_;
      wasDraining = draining_;
    }
    if (forget_.exchange(false)) {
      {
        auto waiting = tasks_.lock();
        std::vector<JobPlace> places;
        for (const auto& task : *waiting) places.push_back({task.build, task.position});
        loop_.forget(places);
        waiting->clear();
      }
      held_.lock()->plans.clear();
      messages.claimed.clear();
      messages.cancelled.clear();  // and what ended is counted as over
    }
    if (stop.stop_requested() || wasDraining) {
      loop_.drain();
      auto waiting = tasks_.lock();  // started but not taken by a thread
      for (const auto& task : *waiting) {
        messages.ended.push_back(notRun(task, JobStatus::Ready));
        messages.ended.back().stoppedByHost = true;
      }
      waiting->clear();
    }
    try {
      loop_.step(std::move(messages), stop);
    } catch (const std::exception& e) {  // a bug: let go of everything, reconcile gives it back
      log::error("the build loop starts over queue={}: {}", queue_.name, e.what());
      interruptAll(StopReason::LeaseLost);
      loop_.forget({});
      held_.lock()->plans.clear();
    }
    if (stop.stop_requested() && loop_.isIdle()) return;
    if (stop.stop_requested() && loop_.runningJobs() > 0) interruptAll(StopReason::Drain);
    if (stop.stop_requested() && loop_.runningJobs() == 0 && !hasMail(*mail_.lock())) {
      loop_.step({}, stop);
      return;
    }
  }
}

/// The next job to run, or nothing for about a second.
std::optional<JobTask> BuildStage::take(const std::stop_token& stop) {
  auto tasks =
      tasks_.waitFor(std::chrono::seconds(1), stop, [](const auto& now) { return !now.empty(); });
  if (tasks->empty() || stop.stop_requested()) return std::nullopt;
  std::optional<JobTask> task(std::move(tasks->front()));
  tasks->pop_front();
  return task;
}

void BuildStage::work(JobThread& self, int index, const std::stop_token& stop) {
  while (!stop.stop_requested() && index < slots_) {
    const auto task = take(stop);
    if (!task) {
      self.runner.refresh();
      continue;
    }
    busy_.fetch_add(1, std::memory_order_relaxed);
    JobResult result = self.runner.run(*task);
    busy_.fetch_sub(1, std::memory_order_relaxed);
    mail_.lock()->ended.push_back(std::move(result));
    mail_.notifyAll();
  }
  self.gone = true;
}

/// Those that no thread has taken yet have ended by this; the others come back when nothing of them
/// lives.
void BuildStage::stopJobs(const std::vector<JobPlace>& jobs) {
  std::vector<JobResult> ended;
  std::erase_if(*tasks_.lock(), [&](const JobTask& task) {
    const JobPlace place{task.build, task.position};
    if (std::find(jobs.begin(), jobs.end(), place) == jobs.end()) return false;
    ended.push_back(notRun(task, JobStatus::Cancelled));
    return true;
  });
  {
    auto threads = jobThreads_.lock();
    for (auto& thread : *threads) thread->runner.interrupt(jobs, StopReason::User);
  }
  if (ended.empty()) return;
  append(mail_.lock()->ended, std::move(ended));
  mail_.notifyAll();
}

void BuildStage::watch(const std::stop_token& stop) {
  int round = 0;
  while (sleepFor(std::chrono::milliseconds(200), stop)) {
    const auto now = host_.clock.steady();
    {
      auto threads = jobThreads_.lock();
      for (auto& thread : *threads) thread->runner.checkLimits(now);
    }
    engines_.checkLimits(now);
    engines_.refresh();
    if (++round % kLooksPerCancel != 0 || held_.lock()->plans.empty()) continue;
    try {
      const InstanceId instance{host_.membership.instance()};
      auto plans = Plans(*watchConnection_).cancelRequests(instance, queue_.name);
      auto jobs = Jobs(*watchConnection_).cancelRequests(instance, queue_.name);
      if (plans.empty() && jobs.empty()) continue;
      failpoint("cancel.stop.before");
      {
        auto mail = mail_.lock();
        mail->cancelled = std::move(plans);  // all that are asked for, each time
        mail->cancelledJobs = std::move(jobs);
      }
      mail_.notifyAll();
      failpoint("cancel.stop.after");
    } catch (const std::exception& e) {
      log::debug("cancel requests cannot be read: {}", e.what());
    }
  }
}

void BuildStage::interruptAll(StopReason reason) {
  auto threads = jobThreads_.lock();
  for (auto& thread : *threads) thread->runner.interrupt(reason);
}

void BuildStage::stopWork() {
  drain();
  interruptAll(StopReason::Drain);
}

bool BuildStage::drain() {
  draining_ = true;
  mail_.notifyAll();
  auto held = held_.lock();
  return held->plans.empty() && held->reserved == 0;
}

void BuildStage::abandon() {
  forget_ = true;
  interruptAll(StopReason::LeaseLost);
  mail_.notifyAll();
}

}  // namespace planwright

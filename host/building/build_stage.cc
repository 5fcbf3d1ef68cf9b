#include "building/build_stage.h"

#include <algorithm>
#include <iterator>
#include <unordered_set>

#include "base/failpoints.h"
#include "base/log.h"
#include "base/take_from.h"
#include "base/threads.h"
#include "store/jobs.h"
#include "store/plans.h"

namespace planwright {
namespace {

constexpr std::chrono::milliseconds kSeatWait{50};
constexpr int kLooksPerCancel = 2;    // of the watch between two looks for cancel requests
constexpr int kLooksPerProgress = 5;  // and between two writes of how far calls are

template <class T>
void append(std::vector<T>& to, std::vector<T> from) {
  if (to.empty())
    to = std::move(from);
  else
    std::move(from.begin(), from.end(), std::back_inserter(to));
}

/// The result of a task that no thread has taken.
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
      slots_(jobSlots),
      watchConnection_(host.database.shared()),
      engines_(host, queue),
      store_(host, queue),
      reads_(host.blobs,
             [this](const JobPlace& place) {
               mail_.lock()->read.push_back(place);
               mail_.notifyAll();
             }),
      loop_(host, queue, store_, *this),
      claims_(host, queue,
              {.list = buildList(queue.name),
               .workers = workers,
               .seatWait = kSeatWait,
               .deliver = [this](std::vector<ClaimedPlan> claimed) {
                 append(mail_.lock()->claimed, std::move(claimed));
                 mail_.notifyAll();
               }}) {
  startThreads();
  loopThread_ = startThread("pw-build", [this](const std::stop_token& stop) { loop(stop); });
  watchThread_ = startThread("pw-build-w", [this](const std::stop_token& stop) { watch(stop); });
  claims_.start("pw-build-c");
}

BuildStage::~BuildStage() {
  claims_.stop();
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
  claims_.resize(workers);
  slots_ = jobSlots;
  startThreads();
  tasks_.notifyAll();
  mail_.notifyAll();
}

void BuildStage::startThreads() {
  auto threads = jobThreads_.lock();
  std::erase_if(*threads, [](const auto& thread) { return thread->gone.load(); });
  while (static_cast<int>(threads->size()) < slots_) {
    const int index = static_cast<int>(threads->size());
    auto made = std::make_unique<JobThread>(host_, queue_, engines_);
    made->thread = startThread(
        "pw-job-" + std::to_string(index),
        [this, &self = *made, index](const std::stop_token& stop) { work(self, index, stop); });
    threads->push_back(std::move(made));  // one that did not start takes no place
  }
}

void BuildStage::startJobs(std::vector<JobTask> tasks) {
  {
    auto waiting = tasks_.lock();
    for (auto& task : tasks)
      waiting->insert(task.isUrgent ? waiting->begin() : waiting->end(), std::move(task));
  }
  tasks_.notifyAll();
}

void BuildStage::released(const std::vector<PlanId>& plans, std::chrono::microseconds work) {
  std::unordered_set<std::int64_t> done;
  for (const auto plan : plans) done.insert(number(plan));
  claims_.finished(work / static_cast<std::int64_t>(plans.size()));
  claims_.release(done);
}

void BuildStage::loop(const std::stop_token& stop) {
  const auto hasMail = [](const BuildMessage& mail) {
    return !mail.claimed.empty() || !mail.ended.empty() || !mail.cancelled.empty() ||
           !mail.cancelledJobs.empty() || !mail.read.empty();
  };
  int slots = slots_;
  bool wasDraining = false;
  for (;;) {
    BuildMessage messages;
    {
      // After a stop, waiting on the token returns at once. Jobs that have not ended yet wake this
      // thread with their message.
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
      forgetClaims();
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
    step(std::move(messages), stop);
    if (stop.stop_requested() && loop_.isIdle()) return;
    if (stop.stop_requested() && loop_.runningJobs() > 0) interruptAll(StopReason::Drain);
    if (stop.stop_requested() && loop_.runningJobs() == 0 && !hasMail(*mail_.lock())) {
      loop_.drain();  // the stop may have come during this round
      return step({}, stop);
    }
  }
}

void BuildStage::step(BuildMessage messages, const std::stop_token& stop) {
  try {
    loop_.step(std::move(messages), stop);
  } catch (const std::exception& e) {  // a bug: let go of everything, reconcile gives it back
    log::error("the build loop starts over queue={}: {}", queue_.name, e.what());
    interruptAll(StopReason::LeaseLost);
    loop_.forget({});
    forgetClaims();
  }
}

void BuildStage::count(const JobTask& task, const JobResult& result) {
  const std::string& plugin = task.generation->config.builder.plugin;
  host_.metrics.observe("planwright_job_run_seconds", {{"queue", queue_.name}, {"plugin", plugin}},
                        std::chrono::duration<double>(result.took).count());
  if (!isGood(result.status) && !result.stoppedByHost && result.status != JobStatus::Cancelled)
    host_.metrics.add("planwright_plugin_errors_total",
                      {{"plugin", plugin}, {"class", result.failureClass}});
}

void BuildStage::work(JobThread& self, int index, const std::stop_token& stop) {
  while (!stop.stop_requested() && index < slots_) {
    const auto task = takeFrom(tasks_, std::chrono::seconds(1), stop);
    if (!task) {
      self.runner.refresh();
      continue;
    }
    JobResult result = self.runner.run(*task);
    count(*task, result);
    mail_.lock()->ended.push_back(std::move(result));
    mail_.notifyAll();
  }
  self.gone = true;
}

/// Tasks that no thread has taken yet end here. The others end when none of their processes lives
/// any more.
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

/// One statement for all calls that said something new. One that is lost is made good by the next.
void BuildStage::noteProgress() {
  std::vector<JobProgress> said;
  {
    auto threads = jobThreads_.lock();
    for (auto& thread : *threads)
      if (auto progress = thread->runner.takeProgress()) said.push_back(std::move(*progress));
  }
  if (!said.empty()) Jobs(*watchConnection_).note(said);
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
    try {
      engines_.refresh();
      if (++round % kLooksPerProgress == 0) noteProgress();
      if (round % kLooksPerCancel != 0 || claims_.isEmpty()) continue;
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
      log::debug("the watch looks again queue={}: {}", queue_.name, e.what());
    }
  }
}

void BuildStage::forgetClaims() {
  claims_.clear();
  if (forget_) claims_.suspend();  // lost once more meanwhile
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
  return claims_.isEmpty();
}

void BuildStage::abandon() {
  claims_.suspend();
  forget_ = true;
  interruptAll(StopReason::LeaseLost);
  mail_.notifyAll();
}

}  // namespace planwright

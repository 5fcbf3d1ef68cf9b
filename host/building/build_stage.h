#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "building/blob_reads.h"
#include "building/build_loop.h"
#include "building/job_runner.h"
#include "store/plans.h"
#include "workers/claims.h"
#include "workers/host.h"
#include "workers/live_queue.h"

namespace planwright {

/// The build stage of one queue: claims bring plans, the loop owns the builds, job threads run
/// jobs.
///   claims_ -> mail_ -> loop -> tasks_ -> job threads -> mail_
/// Threads pw-build-c (claims), pw-build (the loop), pw-job-0…, pw-build-r (reads cached results)
/// and pw-build-w (deadlines, cancel requests).
class BuildStage final : private BuildLoop::Doors {
 public:
  /// `workers`: builds open at once; `jobSlots`: jobs running at once.
  BuildStage(const Host& host, LiveQueue& queue, int workers, int jobSlots);
  ~BuildStage() override;
  BuildStage(const BuildStage&) = delete;
  BuildStage& operator=(const BuildStage&) = delete;

  void resize(int workers, int jobSlots);
  void abandon();
  /// No job starts any more, and running jobs are told to stop. The builds are given back; the
  /// attempt does not count.
  void stopWork();
  /// The host is leaving (Membership::leave): no job starts any more, and builds without a running
  /// job are given back. True: no build is left.
  bool drain();
  /// Plans that are claimed and not yet committed as finished.
  std::vector<std::int64_t> held() { return claims_.held(); }
  /// Where planning may hand over what it has just sealed.
  NextStage<ClaimedPlan>& door() { return claims_; }

 private:
  struct JobThread {
    JobRunner runner;
    std::atomic<bool> gone{false};
    std::jthread thread;
    JobThread(const Host& host, LiveQueue& queue, RemoteEngines& engines)
        : runner(host, queue, engines) {}
  };

  void loop(const std::stop_token& stop);
  void step(BuildMessage messages, const std::stop_token& stop);
  void work(JobThread& self, int index, const std::stop_token& stop);
  void watch(const std::stop_token& stop);
  void noteProgress();
  void count(const JobTask& task, const JobResult& result);
  void startThreads();
  int jobSlots() override { return slots_; }
  void startJobs(std::vector<JobTask> tasks) override;
  void read(std::vector<UnreadResult> results) override { reads_.add(std::move(results)); }
  void stopJobs(const std::vector<JobPlace>& jobs) override;
  void released(const std::vector<PlanId>& plans, std::chrono::microseconds work) override;
  void forgetClaims();
  void interruptAll(StopReason reason);

  const Host& host_;
  LiveQueue& queue_;
  std::atomic<int> slots_;
  std::atomic<bool> forget_{false};
  std::atomic<bool> draining_{false};
  Guarded<BuildMessage> mail_;
  Guarded<std::deque<JobTask>> tasks_;
  std::unique_ptr<Connection> watchConnection_;
  RemoteEngines engines_;
  PostgresBuilds store_;
  BlobReads reads_;
  BuildLoop loop_;
  Guarded<std::vector<std::unique_ptr<JobThread>>> jobThreads_;
  Claims<Plans> claims_;
  std::jthread watchThread_, loopThread_;
};

}  // namespace planwright

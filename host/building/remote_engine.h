#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "artifacts/blob_store.h"
#include "base/backoff.h"
#include "base/guarded.h"
#include "building/job_services.h"
#include "stages/running_call.h"
#include "stages/stage.h"
#include "workers/host.h"
#include "workers/live_queue.h"

namespace planwright {

/// The engine that one generation of a queue builds on. It has one instance of the remote builder,
/// and a thread (pw-remote) that asks for the state of all open jobs at once, wakes those who wait
/// for a job, and withdraws jobs that nobody wants any more. [any thread]
class RemoteEngine {
 public:
  /// Errors as in Plugins::planner.
  static Result<std::shared_ptr<RemoteEngine>> create(
      const Host& host, LiveQueue& queue, std::shared_ptr<const QueueGeneration> generation);
  ~RemoteEngine();
  RemoteEngine(const RemoteEngine&) = delete;
  RemoteEngine& operator=(const RemoteEngine&) = delete;

  /// The text of the outcome is the handle. One call at a time: others wait.
  StageOutcome submit(const StageJob& job, StageCall& call);

  /// How a job ended there, or why it is not known.
  struct End {
    std::optional<Failure> failure;  ///< the engine cannot be asked any more
    Hold hold;
    std::optional<RemoteState> state;
    std::vector<StageOutcome::Output> outputs;
    std::vector<StagedBlob> blobs;
  };
  /// Waits for the end of the job. An empty result means that `call` was stopped first.
  End await(const std::string& handle, StageCall& call, JobServices& services);

  /// Tells the engine to end the job with this handle or token. Returns the reason if that failed.
  std::optional<Failure> withdraw(const std::string& name);

  void checkLimits(SteadyTime now);

 private:
  class LookServices;
  struct Waiter {
    StageCall* call;
    JobServices* services;
    End end;
    std::string said;  ///< of its latest state
    bool isOver = false;
  };
  struct Open {
    std::map<std::string, Waiter*> waiters;  ///< by handle
    SteadyTime nextLook{};
  };

  RemoteEngine(const Host& host, LiveQueue& queue,
               std::shared_ptr<const QueueGeneration> generation,
               std::unique_ptr<StageInstance> instance);
  void run(const std::stop_token& stop);
  void look();
  void hear(const StageOutcome& look, LookServices& services);
  void endAll(const StageOutcome& look);
  void sweep();
  void sweepFolders();

  const Host& host_;
  LiveQueue& queue_;
  const std::shared_ptr<const QueueGeneration> generation_;
  std::mutex calling_;  ///< serialises the calls of the instance
  const std::unique_ptr<StageInstance> instance_;
  Guarded<Open> open_;
  RunningCall<int> ownCall_;  ///< one that no job stands behind, while it runs
  Backoff backoff_{std::chrono::seconds(1), std::chrono::seconds(60)};
  bool isAway_ = false;
  std::string whyStuck_;  ///< the latest withdrawal; told once
  std::jthread thread_;
};

/// The engines of one queue: one for each generation that is in use. [any thread]
class RemoteEngines {
 public:
  RemoteEngines(const Host& host, LiveQueue& queue) : host_(host), queue_(queue) {}

  /// Starts it if there is none, which takes as long as the handshake of its process. Who asks for
  /// the same generation waits, nobody else does.
  Result<std::shared_ptr<RemoteEngine>> of(
      const std::shared_ptr<const QueueGeneration>& generation);
  /// Keeps the engine of the generation in force, so that what nobody wants is withdrawn although
  /// no job runs. Starts it on a thread of its own (pw-remote-new); what cannot be started is tried
  /// again some seconds later. [one thread]
  void refresh();
  void checkLimits(SteadyTime now);

 private:
  struct Slot {
    std::weak_ptr<RemoteEngine> engine;
    std::shared_ptr<std::mutex> starting;  ///< held while the engine is made
  };
  struct Known {
    std::map<std::int64_t, Slot> engines;  ///< by number of the generation
    std::shared_ptr<RemoteEngine> newest;
    std::int64_t newestNumber = 0;
    bool isStarting = false;
    SteadyTime nextTry{};
  };
  void startNewest(const std::shared_ptr<const QueueGeneration>& generation);

  const Host& host_;
  LiveQueue& queue_;
  Guarded<Known> known_;
  std::jthread starter_;
};

}  // namespace planwright

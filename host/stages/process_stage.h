#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/secret_mask.h"
#include "stages/stage.h"
#include "stages/stage_call.h"
#include "stages/worker_process.h"
#include "stages/worker_task.h"

namespace planwright {

class CallAnswer;
class StoredPlugin;

/// Loads and greets it in a worker that ends then. The errors are Library::load's, or tell how that
/// process died.
Result<void> probePlugin(const std::shared_ptr<WorkerHost>& host, const StoredPlugin& plugin,
                         bool isBundled);

/// One instance of a stage in a process of its own. Another one is started, ahead of the next call
/// (of a source: at its begin), when it died, is tired (worker.cc) or has served for long. Its
/// death costs the call that ran. Used by one thread at a time. The descriptor of a source is a
/// copy of the one in the process, and becomes readable at the same time.
class ProcessInstance final : public StageInstance {
 public:
  /// Starts the first process. Errors as in Plugins::planner.
  static Result<std::unique_ptr<StageInstance>> create(std::shared_ptr<WorkerHost> host,
                                                       WorkerTask task);

  StageOutcome call(const StageRequest& request, StageCall& call) override;
  int fd() override { return sign_.get(); }
  uid_t user() const override { return user_; }

 private:
  class Programs;  // of the call, as the worker asked for them
  ProcessInstance(std::shared_ptr<WorkerHost> host, WorkerTask task)
      : host_(std::move(host)),
        task_(std::move(task)) {}

  void launch();
  Result<void> awaitReady();
  /// What the Done frame and the parts before it say, or why the worker cannot give one.
  Result<Frame> await(std::uint32_t number, StageCall& call, Programs& programs,
                      CallAnswer& answer);
  void replaceIfWorn();
  Result<void> serve(Frame frame, StageCall& call, Programs& programs, CallAnswer& answer);
  void reply(const Frame& request, const JsonValue& meta, StageCall& call);
  void mask(std::optional<Failure>& failure) const;
  StageOutcome died(const Error& why, const std::string& item, StageCall& call);

  const std::shared_ptr<WorkerHost> host_;
  const WorkerTask task_;
  std::unique_ptr<WorkerProcess> process_;
  std::string whyNotStarted_;  ///< if there is no process
  std::chrono::steady_clock::time_point startedAt_;
  bool isReady_ = false, isTired_ = false;
  SecretMask secrets_;
  UniqueFd sign_;
  uid_t user_ = ::geteuid();  ///< of the last process that was ready
  std::uint32_t calls_ = 0;
  std::uint32_t lastCall_ = 0;
};

}  // namespace planwright

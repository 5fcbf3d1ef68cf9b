#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/secret_mask.h"
#include "stages/manifest.h"
#include "stages/stage.h"
#include "stages/stage_call.h"
#include "stages/stage_room.h"
#include "stages/worker_process.h"

namespace planwright {

class StoredPlugin;

/// Which stage a worker runs, and with which settings and limits.
struct WorkerTask {
  Manifest manifest;
  std::string digest;
  std::string file;  ///< the stored copy
  std::string stage, queue, settingsJson;
  StageRoom room;

  static WorkerTask of(const StoredPlugin& plugin, std::string stage, std::string queue,
                       std::string settingsJson, const StageRoom& room);
};

/// Loads and greets it in a worker that ends then. The errors are Library::load's, or tell how that
/// process died.
Result<void> probePlugin(const std::shared_ptr<WorkerHost>& host, const StoredPlugin& plugin);

/// One instance of a stage in a process of its own. Another one is started, ahead of the next call,
/// when it died, is tired (worker.cc) or has served for long. Its death costs the call that ran.
/// Used by one thread at a time.
class ProcessInstance {
 public:
  /// Starts the first process. Errors as in Plugins::planner.
  static Result<std::unique_ptr<ProcessInstance>> create(std::shared_ptr<WorkerHost> host,
                                                         WorkerTask task);

  /// `item`: what the call is about, the same for each attempt.
  struct Request {
    FrameKind kind;
    std::string item, meta;
    std::string_view data;
  };
  StageOutcome run(const Request& request, StageCall& call);
  /// The Done frame of a run that ended without failure.
  Frame takeDone() { return std::move(done_); }
  /// Masks all secrets that the plugin has ever been given.
  void mask(std::optional<Failure>& failure) const;
  int sign() const { return sign_.get(); }  ///< of a source, or -1

 private:
  class Programs;  // of the call, as the worker asked for them
  ProcessInstance(std::shared_ptr<WorkerHost> host, WorkerTask task)
      : host_(std::move(host)),
        task_(std::move(task)) {}

  void launch();
  Result<void> awaitReady();
  Result<void> await(std::uint32_t number, StageCall& call, Programs& programs);
  void replaceIfWorn();
  Result<void> serve(Frame frame, StageCall& call, Programs& programs);
  void reply(const Frame& request, const JsonValue& meta, StageCall& call);
  StageOutcome died(const Error& why, const std::string& item, StageCall& call);

  const std::shared_ptr<WorkerHost> host_;
  const WorkerTask task_;
  std::unique_ptr<WorkerProcess> process_;
  std::chrono::steady_clock::time_point startedAt_;
  bool isReady_ = false, isTired_ = false;
  Frame done_;
  SecretMask secrets_;
  UniqueFd sign_;
  std::uint32_t calls_ = 0;
  std::uint32_t lastCall_ = 0;
};

class ProcessPlanner final : public Planner {
 public:
  explicit ProcessPlanner(std::unique_ptr<ProcessInstance> instance)
      : instance_(std::move(instance)) {}
  StageOutcome plan(const StageInput& input, StageCall& call) override;

 private:
  const std::unique_ptr<ProcessInstance> instance_;
};

class ProcessBuilder final : public Builder {
 public:
  explicit ProcessBuilder(std::unique_ptr<ProcessInstance> instance)
      : instance_(std::move(instance)) {}
  StageOutcome build(const StageJob& job, StageCall& call) override;

 private:
  const std::unique_ptr<ProcessInstance> instance_;
};

class ProcessRemoteBuilder final : public RemoteBuilder {
 public:
  explicit ProcessRemoteBuilder(std::unique_ptr<ProcessInstance> instance)
      : instance_(std::move(instance)) {}
  StageOutcome submit(const StageJob& job, StageCall& call) override;
  RemoteLook observe(std::string_view handlesJson, StageCall& call) override;
  StageOutcome withdraw(std::string_view handle, StageCall& call) override;

 private:
  const std::unique_ptr<ProcessInstance> instance_;
};

/// Its descriptor is a copy of the one in the process, and becomes readable at the same time.
class ProcessSource final : public Source {
 public:
  explicit ProcessSource(std::unique_ptr<ProcessInstance> instance)
      : instance_(std::move(instance)) {}
  SourcePoll poll(std::string_view cursor, StageCall& call) override;
  int fd() override { return instance_->sign(); }

 private:
  const std::unique_ptr<ProcessInstance> instance_;
};

}  // namespace planwright

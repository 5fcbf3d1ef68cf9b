#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/failure.h"
#include "base/program.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace planwright {

class StageCall;

/// A metric that a plugin counts: kind (PW_COUNTER, PW_GAUGE, PW_HISTOGRAM), name, value and labels
/// (a JSON object, or empty).
using CountMetric = std::function<void(int, std::string_view, double, std::string_view)>;

/// What a source may use and must keep to.
struct SourcePlace {
  std::string folder;         ///< of its own, absolute; "" = none
  std::int64_t maxBytes = 0;  ///< of an input; 0 = not known
};

/// What the host offers to one running call of a stage. Implemented where the call starts
/// (planning, building, intake). [any thread, while the call runs]
class CallServices {
 public:
  virtual ~CallServices() = default;
  virtual void log(int level, std::string_view message, std::string_view fieldsJson) = 0;
  virtual void event(std::string_view type, std::string_view bodyJson) = 0;
  virtual void progress(std::uint64_t done, std::uint64_t total, std::string_view note) = 0;
  virtual Result<UniqueFd> openBlob(const Digest& digest) = 0;
  /// Reads `fd` to its end and keeps it; the blob is committed with the call's result.
  virtual Result<Digest> putBlob(int fd, std::string_view mediaType) = 0;
  virtual std::optional<std::string> secret(std::string_view name) = 0;
  /// Where programs run by the call write their output; -1 = it is captured and dropped but for its
  /// tail.
  virtual int outputFd() = 0;
  /// A program is about to write to outputFd().
  virtual void beginOutput() {}
  /// Bytes that came through outputFd() and are not in its file, if it is one: a pipe.
  virtual std::uint64_t outputBytes() { return 0; }
  /// The end of what came since beginOutput(), once the program has ended; nothing if outputFd() is
  /// a file, where it can be read.
  virtual std::optional<std::string> outputTail(std::size_t /*mostBytes*/) { return std::nullopt; }
  /// Upper limits for programs run by the call, e.g. a job's memory; 0 = none.
  virtual ProgramLimits programLimits() { return {}; }
  /// For the TRACEPARENT of its programs (W3C Trace Context); empty = it belongs to no trace.
  virtual std::string traceparent() { return {}; }
  /// More variables for their environment, whose values nobody may read.
  virtual std::map<std::string, std::string> programSecrets() { return {}; }
  /// A program that the call ran has ended: its status belongs to the record of the call.
  virtual void programEnded(const ProgramExit& /*end*/) {}
  /// `kind` is one of PW_COUNTER, PW_GAUGE, PW_HISTOGRAM; labels are a JSON object or empty.
  virtual void metric(int /*kind*/, std::string_view /*name*/, double /*value*/,
                      std::string_view /*labels*/) {}
  /// A program as planwright.exec/1 describes it, run by somebody else: a worker asks its host.
  /// Nothing: the caller runs it.
  virtual std::optional<Result<std::string>> execute(std::string_view /*specJson*/) {
    return std::nullopt;
  }
  /// Only sources have one. Throws if it cannot be made.
  virtual SourcePlace place() { return {}; }
};

struct StageInput {
  std::string id, name, digest, mediaType, attributesJson;
  std::string content;  ///< whole content when it is small
  std::int64_t sizeBytes = 0;
  bool isInline = false;
  int attempt = 1;
  std::string traceparent = {};  ///< W3C Trace Context of the attempt, or empty
};

struct StageJob {
  std::string id, planId, planDigest, specJson, token, workdir, inputsJson;
  int attempt = 1;
  std::string traceparent = {};  ///< as StageInput's
};

/// Why the stage of a queue takes nothing from now on.
struct Hold {
  std::string reason;       ///< for people; empty = it is not held
  std::string quarantined;  ///< digest of the quarantined plugin; empty = the settings are wrong
  bool empty() const { return reason.empty(); }
};

/// What another engine says of a job that was handed to it.
struct RemoteState {
  enum class Stage { Waiting, Running, Succeeded, Failed, Lost };
  std::string handle;
  Stage stage = Stage::Waiting;
  std::string message;
  int exitCode = -1;  ///< of the job's program; -1 = none
  bool isEnd() const { return stage >= Stage::Succeeded; }
};

/// What a source saw: a file below its folder, or a blob it stored itself.
struct SourceItem {
  std::string name;            ///< relative, '/'-separated
  std::string path;            ///< absolute path of a file to snapshot, or empty
  std::string digest;          ///< of a blob that is stored already, or empty
  std::string attributesJson;  ///< object or empty
};

/// What a stage can be asked to do: Plan a planner, Build a builder, Poll a source, the others a
/// builder in front of another engine (planwright.remote-builder/1 in plugin.h has the contract).
enum class Verb { Plan, Build, Poll, Submit, Observe, Withdraw };

/// One call. What it points to is the caller's, and stays until the call has ended.
struct StageRequest {
  Verb verb;
  const StageInput* input = nullptr;  ///< of Plan
  const StageJob* job = nullptr;      ///< of Build and Submit
  /// Poll: the cursor. Observe: handles, a JSON array of texts. Withdraw: the handle.
  std::string_view text = {};
};

/// The end of a call: a result or a failure, never both. Each verb fills the parts that it names.
struct StageOutcome {
  struct Output {
    std::string name;
    std::string digest;
    std::string handle = {};  ///< of Observe: the job that it belongs to
  };
  std::optional<Failure> failure;
  bool isDeath = false;             ///< the process of the stage died with it
  Hold hold;                        ///< from now on the stage runs nothing
  std::string text;                 ///< Plan: the document. Submit: the handle. Poll: the cursor
  std::vector<Output> outputs;      ///< Build, Observe: outputs that are blobs already
  std::vector<RemoteState> states;  ///< Observe; the outputs come before them
  std::vector<SourceItem> items;    ///< Poll
  std::chrono::milliseconds next{1000};  ///< Poll, Observe: until the next one
};

/// One instance of a plugin's stage for one queue: each worker, job slot or source has its own and
/// calls it from one thread at a time.
class StageInstance {
 public:
  virtual ~StageInstance() = default;
  /// The verb must be one of its stage.
  virtual StageOutcome call(const StageRequest& request, StageCall& call) = 0;
  /// Of a source: readable when polling is worth it; -1 = none.
  virtual int fd() { return -1; }

  StageOutcome plan(const StageInput& input, StageCall& running) {
    return call({Verb::Plan, &input}, running);
  }
  StageOutcome build(const StageJob& job, StageCall& running) {
    return call({Verb::Build, nullptr, &job}, running);
  }
  StageOutcome poll(std::string_view cursor, StageCall& running) {
    return call({Verb::Poll, nullptr, nullptr, cursor}, running);
  }
  StageOutcome submit(const StageJob& job, StageCall& running) {
    return call({Verb::Submit, nullptr, &job}, running);
  }
  StageOutcome observe(std::string_view handlesJson, StageCall& running) {
    return call({Verb::Observe, nullptr, nullptr, handlesJson}, running);
  }
  StageOutcome withdraw(std::string_view handle, StageCall& running) {
    return call({Verb::Withdraw, nullptr, nullptr, handle}, running);
  }
};

}  // namespace planwright

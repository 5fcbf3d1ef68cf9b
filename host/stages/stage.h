#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>

#include "base/failure.h"
#include "base/program.h"
#include "stages/call_services.h"

namespace planwright {

class StageCall;

/// Where a stage runs. Auto: in this process if the plugin came with the program and does not
/// prefer otherwise, else in one of its own, as far as its manifest lets it.
struct StageRoom {
  enum class Isolation { Inproc, Process, Auto };
  /// The rights of its process, if it has one. Host: the host's. User: a user of its own, if the
  /// host is root. Strict: the system read-only and nothing else, as a user of its own, and the
  /// network only if its manifest asks for it as well. Auto: User for a plugin of others.
  enum class Rights { Auto, Host, User, Strict };
  Isolation isolation = Isolation::Inproc;
  /// Of its process, if it has one; processor time is that of a call. One with the host's user has
  /// memory, processor time and open files only.
  ProgramLimits limits = {};
  Rights rights = Rights::Auto;
  bool hasNetwork = false;    ///< if Strict
  ProgramRoom programs = {};  ///< of programs that it starts, and of its own process if it is one
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
  /// The user whose rights it has.
  virtual uid_t user() const { return ::geteuid(); }

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

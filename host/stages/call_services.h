#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "base/program.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace planwright {

/// A metric that a plugin counts: kind (PW_COUNTER, PW_GAUGE, PW_HISTOGRAM), name, value and labels
/// (a JSON object, or empty).
using CountMetric = std::function<void(int, std::string_view, double, std::string_view)>;

/// What a source may use and must keep to; of a planner its folder only.
struct SourcePlace {
  std::string folder;         ///< of its own, absolute; "" = none
  std::int64_t maxBytes = 0;  ///< of an input; 0 = not known
};

/// Asked after each piece of a long read; false = the call is to stop.
using GoesOn = std::function<bool(bool atEnd)>;

/// What the host offers to one running call of a stage. Implemented where the call starts
/// (planning, building, intake). [any thread, while the call runs]
class CallServices {
 public:
  virtual ~CallServices() = default;
  virtual void log(int level, std::string_view message, std::string_view fieldsJson) = 0;
  virtual void event(std::string_view type, std::string_view bodyJson) = 0;
  virtual void progress(std::uint64_t done, std::uint64_t total, std::string_view note) = 0;
  virtual Result<UniqueFd> openBlob(const Digest& digest) = 0;
  /// Reads `fd`, a regular file, to its end and keeps it; the blob is committed with the call's
  /// result. Conflict once `goesOn` says no.
  virtual Result<Digest> putBlob(int fd, std::string_view mediaType, const GoesOn& goesOn) = 0;
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
  /// What programs run by the call may have, e.g. a job's memory.
  virtual ProgramRoom programRoom() { return {}; }
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
  /// Only sources and planners have one. Throws if it cannot be made.
  virtual SourcePlace place() { return {}; }
};

}  // namespace planwright

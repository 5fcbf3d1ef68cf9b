#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/backoff.h"
#include "base/clock.h"
#include "intake/intake_settings.h"
#include "intake/source_call.h"
#include "stages/running_call.h"
#include "stages/stage.h"

namespace planwright {

/// The source of one intake: when it is polled, and whether it works. It tells by an event when it
/// begins to fail and when it works again. Owned by Intake. [intake thread, but for stop and
/// pollSoon]
class PolledSource {
 public:
  /// References outlive it.
  PolledSource(const IntakeSettings& settings, std::unique_ptr<StageInstance> source,
               BlobStore& blobs, const Clock& clock, Metrics& metrics);

  /// It is time, somebody asked for it, or the source says that it is worth it.
  bool isDue();
  SteadyTime nextAt() const { return nextAt_; }
  /// From now on.
  void makeDue() { nextAt_ = clock_.steady(); }
  /// The process that named the files has ended, and the source's own folder is not its user's any
  /// more: that a file there cannot be read says nothing of the file.
  bool isBetweenProcesses() const;
  /// Between processes a poll starts another one. After a failure only time counts.
  void replaceProcess() {
    if (!hasFailed_) makeDue();
  }
  void pollSoon() { isNudged_ = true; }
  /// Readable when a poll is worth it. After a failure only time counts: -1.
  int fd() { return hasFailed_ ? -1 : source_->fd(); }
  /// What is new since `cursor`, which it replaces, or nothing: the source failed.
  std::optional<std::vector<SourceItem>> poll(std::string& cursor);
  /// Why it does not work, or "".
  const std::string& problem() const { return toldFailure_; }
  /// Of the polls since the last time.
  std::vector<SourceCall::Event> takeEvents() { return std::exchange(events_, {}); }
  SourceCall& services() { return services_; }
  /// The user whose rights it has, and those of the files that it names.
  uid_t user() const { return source_->user(); }
  /// A poll in flight ends, and so does each that follows.
  void stop();

 private:
  StageOutcome callSource(const std::string& cursor);
  void failed(const Failure& failure);
  void worked();

  const IntakeSettings& settings_;
  const std::unique_ptr<StageInstance> source_;
  const Clock& clock_;
  SourceCall services_;
  SteadyTime nextAt_;
  bool hasFailed_ = false;   ///< at its last poll
  std::string toldFailure_;  ///< by an event; "" once the source has worked again
  Backoff failures_;
  std::vector<SourceCall::Event> events_;
  RunningCall<int> running_;
  std::atomic<bool> isNudged_{false};
};

}  // namespace planwright

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "artifacts/staged_blobs.h"
#include "base/guarded.h"
#include "base/secret_mask.h"
#include "base/traceparent.h"
#include "base/unique_fd.h"
#include "building/job_task.h"
#include "config/secret_values.h"
#include "logs/attempt_log.h"
#include "stages/reports.h"
#include "stages/stage.h"

namespace planwright {

constexpr std::int64_t kLargestOutputBytes = std::int64_t{16} << 30;

/// What a builder may ask of the host during one attempt. Programs write into the attempt's log.
/// Lives for one call.
class JobServices final : public CallServices {
 public:
  JobServices(const JobTask& task, const BuilderConfig& config, BlobStore& blobs, AttemptLog& log,
              SecretValues secrets, Reports& reports)
      : task_(task),
        config_(config),
        blobs_(blobs, kLargestOutputBytes),
        log_(log),
        secrets_(std::move(secrets)),
        traceparent_(traceparentOf(task.traceId, "job/" + std::to_string(number(task.attemptId)))),
        reports_(reports) {
    for (const auto& secret : secrets_) {
      log_.hide(secret.second);
      mask_.add(secret.second);
    }
  }

  void log(int level, std::string_view message, std::string_view fieldsJson) override;
  void event(std::string_view type, std::string_view bodyJson) override {
    reports_.event(type, bodyJson);
  }
  void progress(std::uint64_t done, std::uint64_t total, std::string_view note) override {
    reports_.progress(done, total, note);
  }
  void metric(int kind, std::string_view name, double value, std::string_view labels) override {
    reports_.metric(kind, name, value, labels);
  }
  std::string traceparent() override { return traceparent_; }
  Result<UniqueFd> openBlob(const Digest& digest) override { return blobs_.open(digest); }
  Result<Digest> putBlob(int fd, std::string_view, const GoesOn& goesOn) override {
    return blobs_.put(fd, goesOn);
  }
  std::optional<std::string> secret(std::string_view name) override {
    return secretIn(secrets_, name);
  }
  int outputFd() override { return log_.outputFd(); }
  void beginOutput() override { log_.beginTail(); }
  std::uint64_t outputBytes() override { return log_.receivedBytes(); }
  std::optional<std::string> outputTail(std::size_t most) override { return log_.tail(most); }
  ProgramRoom programRoom() override;
  std::map<std::string, std::string> programSecrets() override;

  void programEnded(const ProgramExit& end) override;
  /// Of the last program that ran, if any did.
  std::optional<ProgramExit> lastExit() const { return ran_.lock()->last; }
  /// Programs ran, and for each of them a sandbox blocked the network and all files that the job
  /// does not declare.
  bool isSealed() const {
    auto ran = ran_.lock();
    return ran->last && !ran->wasOpen;
  }

  /// A text without the values of secrets.
  std::string masked(std::string_view text) const { return mask_.without(text); }

  /// Keeps a blob that another engine stored for the job.
  void keep(StagedBlob blob) { blobs_.keep(std::move(blob)); }
  std::vector<StagedBlob> takeBlobs() { return blobs_.takeAll(); }

 private:
  struct Ran {
    std::optional<ProgramExit> last;
    bool wasOpen = false;  ///< a program ran without such a sandbox
  };

  const JobTask& task_;
  const BuilderConfig& config_;
  StagedBlobs blobs_;
  AttemptLog& log_;
  const SecretValues secrets_;  ///< the plugin's; jobs see those that are granted by their name
  SecretMask mask_;
  const std::string traceparent_;
  Reports& reports_;
  mutable Guarded<Ran> ran_;  ///< a plugin may run several programs at once
};

}  // namespace planwright

#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "stages/call_services.h"
#include "stages/frames.h"

namespace planwright {

/// What a stage in a worker may ask of the host during a call: each question is a frame, and most
/// wait for the host's reply, which the worker's reader brings. One for the life of the worker.
/// [any thread]
class WorkerServices final : public CallServices {
 public:
  explicit WorkerServices(FrameSocket& host) : host_(host) {}

  /// What was counted before the first one goes with it.
  void beginCall(std::uint32_t number);
  /// A Reply came. [reader]
  void deliver(Frame reply);

  void log(int level, std::string_view message, std::string_view fieldsJson) override;
  void event(std::string_view type, std::string_view bodyJson) override;
  void progress(std::uint64_t done, std::uint64_t total, std::string_view note) override;
  Result<UniqueFd> openBlob(const Digest& digest) override;
  Result<Digest> putBlob(int fd, std::string_view mediaType, const GoesOn& goesOn) override;
  std::optional<std::string> secret(std::string_view name) override;
  int outputFd() override { return -1; }
  void metric(int kind, std::string_view name, double value, std::string_view labels) override;
  std::optional<Result<std::string>> execute(std::string_view specJson) override;
  SourcePlace place() override;

 private:
  Result<Frame> ask(FrameKind kind, std::string_view meta, std::string_view data = {}, int fd = -1);

  FrameSocket& host_;
  std::atomic<std::uint32_t> call_{0};         ///< 0 = none has begun
  std::vector<std::string> countedBefore_;     ///< metas of Metric frames; guarded by mutex_
  std::atomic<std::int64_t> lastProgress_{0};  ///< steady milliseconds
  std::mutex mutex_;
  std::condition_variable replied_;
  std::uint32_t lastRequest_ = 0;
  std::map<std::uint32_t, std::optional<Frame>> waiting_;  ///< by request
};

}  // namespace planwright

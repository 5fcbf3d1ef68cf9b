#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "artifacts/staged_blobs.h"
#include "config/secret_values.h"
#include "stages/reports.h"
#include "stages/stage.h"

namespace planwright {

/// What a planner may ask of the host while it plans one input. Its log lines go to the host's log;
/// blobs it stores are kept with the plan. `folder` is its own, for what it keeps between calls,
/// and closed to the programs it runs; empty = it has none. Lives for one call.
class PlanServices final : public CallServices {
 public:
  PlanServices(const StageInput& input, BlobStore& blobs, SecretValues secrets, ProgramRoom room,
               Reports& reports, std::filesystem::path folder)
      : input_(input),
        blobs_(blobs, kLargestBlobBytes),
        secrets_(std::move(secrets)),
        room_(std::move(room)),
        reports_(reports),
        folder_(std::move(folder)) {}

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
  std::string traceparent() override { return input_.traceparent; }
  Result<UniqueFd> openBlob(const Digest& digest) override { return blobs_.open(digest); }
  Result<Digest> putBlob(int fd, std::string_view, const GoesOn& goesOn) override {
    return blobs_.put(fd, goesOn);
  }
  std::optional<std::string> secret(std::string_view name) override {
    return secretIn(secrets_, name);
  }
  int outputFd() override { return -1; }
  ProgramRoom programRoom() override { return room_; }
  SourcePlace place() override;

  std::vector<StagedBlob> takeBlobs() { return blobs_.takeAll(); }

 private:
  static constexpr std::int64_t kLargestBlobBytes = std::int64_t{4} << 30;

  const StageInput& input_;
  StagedBlobs blobs_;
  const SecretValues secrets_;
  const ProgramRoom room_;
  Reports& reports_;
  const std::filesystem::path folder_;
};

}  // namespace planwright

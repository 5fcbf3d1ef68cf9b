#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "artifacts/staged_blobs.h"
#include "base/guarded.h"
#include "config/secret_values.h"
#include "stages/reports.h"
#include "stages/stage.h"

namespace planwright {

/// The event by which a source tells what cannot become an input: {"name", "reason"}.
inline constexpr std::string_view kRefused = "refused";

/// What a source may ask of the host while it is polled. "refused" is an event that the host knows;
/// others are told as the plugin's own (Reports). Events are kept until the poll is over,
/// since they may come from any thread; blobs are staged at once and named by the items that
/// follow. Owned by Intake. [any thread, but for the take functions]
class SourceCall final : public CallServices {
 public:
  struct Event {
    std::string type;
    std::string bodyJson;
  };

  SourceCall(std::string queue, const std::string& plugin, BlobStore& blobs, SourcePlace place,
             ProgramRoom room, Metrics& metrics)
      : queue_(std::move(queue)),
        blobs_(blobs, place.maxBytes),
        place_(std::move(place)),
        room_(std::move(room)),
        reports_(metrics, plugin, queue_) {}

  /// What it may ask for from now on. Nothing that it says shows one of these. [intake thread]
  void grant(SecretValues secrets) { *secrets_.lock() = std::move(secrets); }
  std::string masked(std::string_view text);

  void log(int level, std::string_view message, std::string_view fieldsJson) override;
  void event(std::string_view type, std::string_view bodyJson) override;
  void progress(std::uint64_t, std::uint64_t, std::string_view) override {}
  void metric(int kind, std::string_view name, double value, std::string_view labels) override {
    reports_.metric(kind, name, value, masked(labels));
  }
  Result<UniqueFd> openBlob(const Digest& digest) override { return blobs_.open(digest); }
  Result<Digest> putBlob(int fd, std::string_view, const GoesOn& goesOn) override {
    return blobs_.put(fd, goesOn);
  }
  std::optional<std::string> secret(std::string_view name) override;
  int outputFd() override { return -1; }
  SourcePlace place() override;
  ProgramRoom programRoom() override { return room_; }

  /// The events since the last time. [intake thread]
  std::vector<Event> takeEvents();
  /// The blob an item names: put during this poll, or stored before. [intake thread]
  Result<StagedBlob> blobOf(const std::string& text);
  void dropBlobs() { blobs_.takeAll(); }

 private:
  const std::string queue_;
  StagedBlobs blobs_;  ///< of this poll
  const SourcePlace place_;
  const ProgramRoom room_;
  Reports reports_;
  Guarded<SecretValues> secrets_;
  Guarded<std::vector<Event>> events_;
};

}  // namespace planwright

#pragma once

#include <string>

#include "base/log.h"
#include "stages/call_services.h"

namespace planwright {

/// What a plugin gets outside any item's work, when it is opened, created, started or stopped: the
/// host's log and metrics, and nothing else.
class ModuleServices final : public CallServices {
 public:
  explicit ModuleServices(std::string plugin, CountMetric count = nullptr)
      : plugin_(std::move(plugin)),
        count_(std::move(count)) {}

  void log(int level, std::string_view message, std::string_view) override {
    if (level >= 4)
      planwright::log::error("plugin {}: {}", plugin_, message);
    else if (level == 3)
      planwright::log::warn("plugin {}: {}", plugin_, message);
    else
      planwright::log::debug("plugin {}: {}", plugin_, message);
  }
  void event(std::string_view, std::string_view) override {}
  void progress(std::uint64_t, std::uint64_t, std::string_view) override {}
  Result<UniqueFd> openBlob(const Digest&) override {
    return notFound("blobs belong to an item; there is none now");
  }
  Result<Digest> putBlob(int, std::string_view, const GoesOn&) override {
    return notFound("blobs belong to an item; there is none now");
  }
  std::optional<std::string> secret(std::string_view) override { return std::nullopt; }
  int outputFd() override { return -1; }
  void metric(int kind, std::string_view name, double value, std::string_view labels) override {
    if (count_) count_(kind, name, value, labels);
  }

 private:
  const std::string plugin_;
  const CountMetric count_;
};

}  // namespace planwright

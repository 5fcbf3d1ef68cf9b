#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/scratch_folder.h"
#include "stages/stage.h"

namespace planwright {

/// Services of a call that no host runs: what the plugin says goes to `tell`, blobs are files of a
/// private folder. Owned by whoever tries the plugin. [any thread while the call runs, but `tell`
/// and the maps are set before]
class TrialServices final : public CallServices {
 public:
  /// `kind` is "log", "event", "progress" or "metric".
  using Tell = std::function<void(std::string_view kind, int level, std::string_view text)>;

  explicit TrialServices(Tell tell, int outputFd = -1);

  void log(int level, std::string_view message, std::string_view fieldsJson) override;
  void event(std::string_view type, std::string_view bodyJson) override;
  void progress(std::uint64_t done, std::uint64_t total, std::string_view note) override;
  void metric(int kind, std::string_view name, double value, std::string_view labels) override;
  Result<UniqueFd> openBlob(const Digest& digest) override;
  Result<Digest> putBlob(int fd, std::string_view mediaType, const GoesOn& goesOn) override;
  std::optional<std::string> secret(std::string_view name) override;
  int outputFd() override { return outputFd_; }
  SourcePlace place() override { return {folder_.path().string(), 0}; }

  /// Stores `bytes` as a blob.
  Digest keep(std::string_view bytes);
  std::map<std::string, std::string> secrets;  ///< by name

 private:
  const Tell tell_;
  const int outputFd_;
  const ScratchFolder blobs_, folder_;
};

}  // namespace planwright

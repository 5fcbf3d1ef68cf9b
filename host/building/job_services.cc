#include "building/job_services.h"

#include <algorithm>
#include <chrono>

namespace planwright {
namespace {

/// The limit that the job asks for, but at most the limit of the queue. 0 = no limit.
template <class Number>
std::uint64_t stricter(std::int64_t asked, const std::optional<Number>& allowed) {
  const std::int64_t most = allowed.value_or(0);
  return static_cast<std::uint64_t>(asked == 0 ? most : most == 0 ? asked : std::min(asked, most));
}

}  // namespace

void JobServices::log(int, std::string_view message, std::string_view) {
  log_.line(message);
}

std::map<std::string, std::string> JobServices::programSecrets() {
  std::map<std::string, std::string> seen;
  for (const auto& [name, value] : secrets_)
    if (config_.secrets.contains(name)) seen.emplace(name, value);
  return seen;
}

/// At level "none", files are not protected.
void JobServices::programEnded(const ProgramExit& end) {
  auto ran = ran_.lock();
  ran->last = end;
  if (end.network != Network::None || end.sandbox.empty() || end.sandbox == "none")
    ran->wasOpen = true;
}

ProgramRoom JobServices::programRoom() {
  ProgramLimits limits;
  limits.memoryBytes = stricter(task_.job().memoryBytes, config_.limits.memoryBytes);
  limits.processes = stricter(task_.job().processes, config_.limits.processes);
  limits.fileSizeBytes = stricter(0, config_.limits.fileSizeBytes);
  limits.diskBytes = stricter(0, config_.limits.diskBytes);
  limits.openFiles = stricter(0, config_.limits.files);
  if (config_.limits.cpu)
    limits.cpuSeconds = static_cast<std::uint64_t>(std::max<std::int64_t>(
        1, std::chrono::ceil<std::chrono::seconds>(*config_.limits.cpu).count()));
  return {limits};
}

}  // namespace planwright

#include "building/job_services.h"

#include <algorithm>
#include <chrono>

#include "base/files.h"

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

Result<UniqueFd> JobServices::openBlob(const Digest& digest) {
  for (const auto& blob : stored_)
    if (blob.digest == digest && blob.content) return memoryFile(*blob.content);
  return blobs_.open(digest);
}

Result<Digest> JobServices::putBlob(int fd, std::string_view, const GoesOn& goesOn) {
  auto staged = blobs_.stage(fd, kLargestOutputBytes, goesOn);
  if (!staged) return staged.error();
  stored_.push_back(std::move(*staged));
  return stored_.back().digest;
}

std::map<std::string, std::string> JobServices::programSecrets() {
  std::map<std::string, std::string> seen;
  for (const auto& [name, value] : secrets_)
    if (config_.secrets.contains(name)) seen.emplace(name, value);
  return seen;
}

std::optional<std::string> JobServices::secret(std::string_view name) {
  const auto found = secrets_.find(std::string(name));
  return found == secrets_.end() ? std::nullopt : std::optional(found->second);
}

/// At level "none", files are not protected.
void JobServices::programEnded(const ProgramExit& end) {
  lastExit_ = end;
  if (end.network != Network::None || end.sandbox.empty() || end.sandbox == "none") wasOpen_ = true;
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

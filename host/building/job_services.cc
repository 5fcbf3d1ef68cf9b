#include "building/job_services.h"

#include <system_error>

#include <fcntl.h>

#include "base/files.h"
#include "base/log.h"

namespace planwright {
namespace {

constexpr std::int64_t kLargestBlob = std::int64_t{16} << 30;

}  // namespace

int JobServices::outputFd() {
  if (!log_) {
    // O_APPEND: stdout and stderr of the program and lines of the builder stay in order.
    log_.reset(::open(logFile_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    if (!log_)
      throw std::system_error(errno, std::generic_category(),
                              "cannot write the log " + logFile_.string());
  }
  return log_.get();
}

void JobServices::log(int, std::string_view message, std::string_view) {
  writeAll(outputFd(), std::string(message) + "\n");
}

void JobServices::event(std::string_view type, std::string_view bodyJson) {
  planwright::log::debug("builder event job={} type={} {}", number(task_.id), type, bodyJson);
}

void JobServices::progress(std::uint64_t, std::uint64_t, std::string_view) {}

Result<UniqueFd> JobServices::openBlob(const Digest& digest) {
  for (const auto& blob : stored_)
    if (blob.digest == digest && blob.content) return memoryFile(*blob.content);
  return blobs_.open(digest);
}

Result<Digest> JobServices::putBlob(int fd, std::string_view) {
  auto staged = blobs_.stage(fd, kLargestBlob);
  if (!staged) return staged.error();
  stored_.push_back(std::move(*staged));
  return stored_.back().digest;
}

std::optional<std::string> JobServices::secret(std::string_view) {
  return std::nullopt;
}

ProgramLimits JobServices::programLimits() {
  ProgramLimits limits;
  limits.memoryBytes = static_cast<std::uint64_t>(task_.job().memoryBytes);
  limits.processes = static_cast<std::uint64_t>(task_.job().processes);
  return limits;
}

}  // namespace planwright

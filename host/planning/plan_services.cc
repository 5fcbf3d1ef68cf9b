#include "planning/plan_services.h"

#include "base/files.h"
#include "base/log.h"
#include "base/utf8.h"

namespace planwright {
namespace {

constexpr std::int64_t kLargestBlob = std::int64_t{4} << 30;
constexpr int kWarn = 3;  // PW_WARN

}  // namespace

void PlanServices::log(int level, std::string_view message, std::string_view) {
  if (level >= kWarn)
    planwright::log::warn("planner says input={}: {}", input_.id, toUtf8(message));
  else
    planwright::log::debug("planner says input={}: {}", input_.id, toUtf8(message));
}

Result<UniqueFd> PlanServices::openBlob(const Digest& digest) {
  for (const auto& blob : stored_)  // its own blobs have no row yet
    if (blob.digest == digest && blob.content) return memoryFile(*blob.content);
  return blobs_.open(digest);
}

Result<Digest> PlanServices::putBlob(int fd, std::string_view, const GoesOn& goesOn) {
  auto staged = blobs_.stage(fd, kLargestBlob, goesOn);
  if (!staged) return staged.error();
  stored_.push_back(std::move(*staged));
  return stored_.back().digest;
}

SourcePlace PlanServices::place() {
  if (!folder_.empty()) {
    std::filesystem::create_directories(folder_);
    std::filesystem::permissions(folder_, std::filesystem::perms::owner_all);
  }
  return {folder_.string(), 0};
}

std::optional<std::string> PlanServices::secret(std::string_view name) {
  const auto found = secrets_.find(std::string(name));
  return found == secrets_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace planwright

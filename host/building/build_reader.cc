#include "building/build_reader.h"

#include <algorithm>

#include "base/failpoints.h"
#include "base/files.h"
#include "base/log.h"
#include "base/unavailable.h"

namespace planwright {
namespace {

constexpr std::size_t kLargestDocument = std::size_t{64} << 20;

}  // namespace

Result<std::shared_ptr<const PlanDocument>> BuildReader::document(const ClaimedPlan& plan) const {
  static const auto kEmpty = std::make_shared<const PlanDocument>();
  if (plan.jobCount == 0) return kEmpty;
  std::string text;
  if (plan.document) {
    text = *plan.document;
  } else {
    const auto digest = Digest::parse(plan.digest);
    auto blob =
        digest ? host_.blobs.open(*digest) : Result<UniqueFd>(notFound("its digest is malformed"));
    if (!blob && isLostBlob(blob.error()))
      return Error{
          blob.error().kind,
          blob.error().message + " Plan the input again: planwright enqueue-plan INPUT --force.",
          blob.error().code,
          {}};
    if (!blob) return blob.error();
    text = readAll(blob->get(), kLargestDocument);
  }
  auto document = PlanDocument::parseSealed(text);
  if (!document) return document.error();
  return std::make_shared<const PlanDocument>(std::move(*document));
}

std::unordered_map<std::int64_t, std::vector<KnownJob>> BuildReader::takeOver(
    const std::vector<ClaimedPlan>& plans) const {
  failpoint("build.restore.before");
  Jobs jobs(connection_);
  jobs.resetLost(plans);
  failpoint("build.restore.after");
  std::vector<BuildId> ids;
  ids.reserve(plans.size());
  for (const auto& plan : plans) ids.push_back(plan.build);
  std::unordered_map<std::int64_t, std::vector<KnownJob>> known;
  for (auto& job : jobs.load(ids)) known[number(job.build)].push_back(std::move(job));
  return known;
}

std::map<std::string, double> BuildReader::durations(
    const std::vector<std::shared_ptr<const PlanDocument>>& documents) const {
  std::vector<std::string> names;
  for (const auto& document : documents)
    if (document->jobs.size() > 1)
      for (const auto& job : document->jobs) names.push_back(job.name);
  if (names.empty()) return {};
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  try {
    return Jobs(connection_).durations(queue_.name, names);
  } catch (const Unavailable& e) {
    log::debug("durations of jobs not read queue={}: {}", queue_.name, e.what());
    return {};
  }
}

}  // namespace planwright

#include "control/cache_answers.h"

#include <limits>
#include <map>
#include <vector>

#include <fmt/format.h>

#include "base/files.h"
#include "base/json.h"
#include "building/cached_results.h"
#include "control/item_json.h"
#include "control/missing.h"
#include "model/cache_key.h"
#include "store/job_cache.h"
#include "store/jobs.h"

namespace planwright {
namespace {

constexpr std::size_t kLargestDocument = std::size_t{64} << 20;

void writeNearest(JsonWriter& json, Connection& connection, const std::string& queue,
                  const std::string& name, const std::string& key, const CacheParts& now) {
  const Rows rows = connection.run("nearest_cached", {queue, name, key});
  std::vector<CacheParts> earlier;
  for (std::size_t i = 0; i < rows.size(); ++i) earlier.push_back(cachePartsFrom(rows.text(i, 0)));
  const int nearest = nearestOf(now, earlier);
  json.key("nearest");
  if (nearest < 0) {
    json.null();
    return;
  }
  const auto at = static_cast<std::size_t>(nearest);
  json.object()
      .member("job_id", rows.number(at, "job_id"))
      .member("at", rows.text(at, "at"))
      .key("differs")
      .array();
  for (const auto& each : differences(now, earlier[at]))
    json.object()
        .member("part", each.part)
        .textOrNull("now", each.now)
        .textOrNull("before", each.before)
        .end();
  json.end().end();
}

/// Goes through a plan as a build would, and runs nothing.
class Forecast {
 public:
  Forecast(JobCache& cache, OpenBuild& build, const std::optional<BuilderIdentity>& builder,
           std::map<int, std::vector<JobOutput>> known)
      : cache_(cache),
        build_(build),
        builder_(builder),
        known_(std::move(known)),
        results_(static_cast<std::size_t>(build.graph().size())) {}

  void run() {
    for (auto wave = build_.graph().settle(); !wave.empty();) wave = step(wave);
  }
  std::string json(std::int64_t plan) const {
    JsonWriter json;
    json.object().member("plan_id", plan).member("jobs", results_.size()).member("hits", hits_);
    json.key("items").array();
    for (std::size_t i = 0; i < results_.size(); ++i)
      json.object()
          .member("name", build_.job(static_cast<int>(i)).name)
          .member("result", results_[i].first)
          .member("why", results_[i].second)
          .end();
    return json.end().end().take();
  }

 private:
  /// Returns the jobs that become ready when these succeed.
  std::vector<int> step(const std::vector<int>& wave) {
    std::map<int, std::string> keys;
    std::vector<std::string> asked;
    for (const int job : wave)
      if (const auto parts = builder_ ? partsOf(build_, job, *builder_) : std::nullopt) {
        keys[job] = cacheKey(*parts).text();
        asked.push_back(keys[job]);
      }
    const auto answers =
        asked.empty() ? std::unordered_map<std::string, CacheAnswer>() : cache_.find(asked);
    std::vector<int> next;
    for (const int job : wave) {
      const auto key = keys.find(job);
      const auto answer = key == keys.end() ? answers.end() : answers.find(key->second);
      look(job, answer == answers.end() ? nullptr : &answer->second);
      for (const int ready : build_.graph().finish(job, JobStatus::Succeeded))
        next.push_back(ready);
    }
    return next;
  }
  void look(int job, const CacheAnswer* answer) {
    auto& [result, why] = results_[static_cast<std::size_t>(job)];
    if (answer && answer->entry.isGood && answer->lost.empty()) {
      build_.setOutputs(job, outputsFrom(answer->entry.outputsJson));
      result = "hit";
      why = fmt::format("Job {} did the same.", answer->entry.job);
      ++hits_;
      return;
    }
    if (const auto before = known_.find(job); before != known_.end())
      build_.setOutputs(job, before->second);
    const bool isCacheable = build_.job(job).cacheable;
    result = isCacheable ? "miss" : "off";
    why = !isCacheable           ? std::string(kNotCacheable)
          : !answer              ? "Nothing in the cache has its key."
          : answer->lost.empty() ? "It failed."
                                 : fmt::format("The bytes of {} are gone.", answer->lost);
  }

  JobCache& cache_;
  OpenBuild& build_;
  const std::optional<BuilderIdentity>& builder_;
  const std::map<int, std::vector<JobOutput>> known_;
  std::vector<std::pair<std::string, std::string>> results_;
  int hits_ = 0;
};

}  // namespace

Result<std::string> CacheAnswers::ofJob(std::int64_t job) const {
  auto connection = parts_.database.lease();
  const Rows rows = connection->run("api_job_cache", {job});
  if (rows.empty()) return missing(*connection, "job", job);
  const Row row(rows, 0);
  const std::string noted(row.text("note")), name(row.text("name"));
  const auto note = parseJson(noted.empty() ? "{}" : noted);
  if (!note) return Error{ErrorKind::Failed, "What is kept of it is no JSON.", {}, {}};
  const CacheParts now = cachePartsFrom(cachePartsJson(noted));
  const std::string key = note->IsObject() ? textOr(*note, "key") : "";
  const auto shown = cacheOutcome(row);
  JsonWriter json;
  json.object().member("job_id", job).member("name", name);
  json.textOrNull("result", shown.result).textOrNull("why", shown.why);
  json.textOrNull("key", key);
  json.rawMember("parts", toJson(now));
  if (now.empty())
    json.key("nearest").null();
  else
    writeNearest(json, *connection, std::string(row.text("queue")), name, key, now);
  return json.end().take();
}

Result<std::string> CacheAnswers::forecast(std::int64_t plan) const {
  auto connection = parts_.database.lease();
  const Rows rows = connection->run("forecast_plan", {plan});
  if (rows.empty()) return missing(*connection, "plan", plan);
  const auto digest = Digest::parse(rows.text(0, "plan_digest"));
  auto blob = digest ? parts_.blobs.open(*digest) : Result<UniqueFd>(notFound("no digest"));
  if (!blob && isLostBlob(blob.error())) return blob.error();
  if (!blob) return Error{ErrorKind::Gone, "The plan's document has been pruned.", "pruned", {}};
  auto document = PlanDocument::parseSealed(readAll(blob->get(), kLargestDocument));
  if (!document) return document.error();
  OpenBuild build({}, std::make_shared<const PlanDocument>(std::move(*document)), {});
  const auto config = parts_.config.now();
  const QueueConfig* queue = config->queue(rows.text(0, "queue"));
  std::optional<BuilderIdentity> builder;
  const auto plugins = queue ? parts_.pluginsNow(queue->name) : nullptr;
  if (plugins) builder = identityOf(*plugins, queue->builder);
  std::map<int, std::vector<JobOutput>> known;
  for (const auto& job :
       Jobs(*connection)
           .succeededBefore(PlanId{plan}, BuildId{std::numeric_limits<std::int64_t>::max()}))
    known[job.position] = outputsFrom(job.outputsJson);
  JobCache cache(*connection, parts_.blobs);
  Forecast forecast(cache, build, builder, std::move(known));
  forecast.run();
  return forecast.json(plan);
}

}  // namespace planwright

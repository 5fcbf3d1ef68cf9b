#include "building/cached_results.h"

#include <fmt/format.h>

#include "base/log.h"
#include "base/unavailable.h"

namespace planwright {
namespace {

/// The parts of a failure's key: with more time or room the job may succeed.
CacheParts failureParts(CacheParts parts, const PlannedJob& job, const BuilderConfig& builder) {
  const auto add = [&](const char* name, const auto& value) {
    parts["bounds:" + std::string(name)] = fmt::format("{}", value);
  };
  const auto room = [](const auto& limit) { return std::int64_t{limit.value_or(0)}; };
  const LimitsConfig& limits = builder.limits;
  add("timeout", (job.timeout.count() > 0 ? job.timeout : builder.deadline).count());
  add("silence", builder.silenceTimeout.count());
  add("memory", fmt::format("{} {}", job.memoryBytes, room(limits.memoryBytes)));
  add("processes", fmt::format("{} {}", job.processes, room(limits.processes)));
  add("cpus", job.cpus);
  add("cpu", limits.cpu.value_or(std::chrono::milliseconds(0)).count());
  add("files", room(limits.files));
  add("file_size", room(limits.fileSizeBytes));
  add("output", room(limits.outputBytes));
  add("disk", room(limits.diskBytes));
  return parts;
}

}  // namespace

std::optional<BuilderIdentity> identityOf(const Plugins& plugins, const BuilderConfig& builder) {
  const PluginInfo* info = plugins.find(builder.plugin);
  if (!info || info->digest.empty()) return std::nullopt;
  const auto settings = plugins.settings(builder.plugin, builder.settingsJson);
  if (!settings) return std::nullopt;
  return BuilderIdentity{info->id + " " + info->version, info->digest, *settings};
}

std::optional<CacheParts> partsOf(const OpenBuild& build, int position,
                                  const BuilderIdentity& builder) {
  if (!build.job(position).cacheable) return std::nullopt;
  const auto inputs = build.inputsFromJobs(position);
  if (!inputs) return std::nullopt;
  std::map<std::string, std::string> digests;
  auto next = inputs->begin();
  for (const auto& input : build.job(position).inputs)
    if (!input.job.empty()) digests[input.path] = (next++)->digest;
  return cacheParts(build.job(position), digests, build.needsJson(position), builder);
}

JobResult cachedEnd(const JobPlace& place, const std::string& outputsJson, bool isSealed) {
  JobResult end;
  end.build = place.build;
  end.position = place.position;
  end.isFromCache = true;
  end.status = JobStatus::Cached;
  end.outputs = outputsFrom(outputsJson);
  end.isSealed = isSealed;
  return end;
}

const std::optional<BuilderIdentity>& CachedResults::builderOf(const OpenBuild& build) {
  const QueueGeneration& generation = build.generation();
  if (generation.number != builderIsOf_)
    builder_ = identityOf(*generation.plugins, generation.config.builder);
  builderIsOf_ = generation.number;
  return builder_;
}

std::optional<CachedResults::Question> CachedResults::question(OpenBuild& build,
                                                               const JobPlace& place) {
  const int job = place.position;
  if (!build.job(job).cacheable || build.isHeld(job)) return std::nullopt;
  const auto& builder = builderOf(build);
  if (!builder) {
    build.setCache(job, {}, cacheNote("off", "Its builder has no digest.", {}, {}));
    return std::nullopt;
  }
  auto parts = partsOf(build, job, *builder);
  if (!parts) return std::nullopt;  // it fails when it starts
  Question question{place, std::move(*parts), {}, {}};
  question.key = cacheKey(question.parts).text();
  question.failureKey =
      cacheKey(failureParts(question.parts, build.job(job), build.generation().config.builder))
          .text();
  if (build.plan().useCache) return question;
  build.setCache(job, question.key,
                 cacheNote("off", "This build was to use no cache.", question.key, question.parts));
  return std::nullopt;
}

CachedAnswers CachedResults::ask(OpenBuilds& builds, const std::vector<JobPlace>& places) {
  std::vector<Question> questions;
  std::vector<std::string> keys;
  for (const auto& place : places) {
    const auto at = builds.find(number(place.build));
    if (at == builds.end()) continue;
    auto asked = question(*at->second, place);
    if (!asked) continue;
    keys.push_back(asked->key);
    keys.push_back(asked->failureKey);
    questions.push_back(std::move(*asked));
  }
  CachedAnswers found;
  if (questions.empty()) return found;
  try {
    const auto answers = cache_.find(keys);
    std::vector<Question> misses;
    for (auto& question : questions) {
      OpenBuild& build = *builds.at(number(question.place.build));
      auto answer = answers.find(question.key);
      if (answer == answers.end() || !answer->second.entry.isGood)
        answer = answers.find(question.failureKey);
      if (answer != answers.end() && !answer->second.unread.empty()) {
        found.unread.push_back({question.place, answer->second.unread});
        continue;
      }
      auto end = answer == answers.end() ? std::nullopt : hit(question, answer->second, build);
      if (end)
        found.ends.push_back(std::move(*end));
      else if (answer == answers.end())
        misses.push_back(std::move(question));
    }
    noteMisses(builds, misses);
  } catch (const Unavailable& e) {
    log::debug("the cache of jobs cannot be read queue={}: {}", queue_.name, e.what());
  }
  host_.metrics.add("planwright_job_cache_total", {{"queue", queue_.name}, {"result", "hit"}},
                    static_cast<double>(found.ends.size()));
  host_.metrics.add(
      "planwright_job_cache_total", {{"queue", queue_.name}, {"result", "miss"}},
      static_cast<double>(questions.size() - found.ends.size() - found.unread.size()));
  return found;
}

/// A cached failure does not count for the plan that it comes from: whoever builds this plan again
/// wants it tried again.
std::optional<JobResult> CachedResults::hit(const Question& question, const CacheAnswer& answer,
                                            OpenBuild& build) const {
  const CacheEntry& entry = answer.entry;
  const int job = question.place.position;
  const auto note = [&](std::string_view result, const std::string& why) {
    build.setCache(job, question.key, cacheNote(result, why, question.key, question.parts));
  };
  if (!answer.lost.empty()) {
    note("miss", fmt::format("Job {} had its result, but the bytes of {} are gone.", entry.job,
                             answer.lost));
    return std::nullopt;
  }
  if (!entry.isGood && entry.plan == number(build.plan().id)) {
    note("miss", fmt::format("It failed in job {}, and is tried again.", entry.job));
    return std::nullopt;
  }
  if (entry.isGood) {
    note("hit", fmt::format("Job {} did the same.", entry.job));
    return cachedEnd(question.place, entry.outputsJson, entry.isSealed);
  }
  JobResult end;
  end.build = question.place.build;
  end.position = job;
  end.isFromCache = true;
  note("hit", fmt::format("Job {} did the same a short while ago, and failed.", entry.job));
  end.status = JobStatus::Failed;
  end.failureClass = entry.failureClass;
  end.exitCode = entry.exitCode;
  end.error = entry.error;
  return end;
}

void CachedResults::noteMisses(OpenBuilds& builds, const std::vector<Question>& misses) {
  if (misses.empty()) return;
  std::vector<std::string> names;
  const auto nameOf = [&](const Question& question) -> const std::string& {
    return builds.at(number(question.place.build))->job(question.place.position).name;
  };
  names.reserve(misses.size());
  for (const auto& miss : misses) names.push_back(nameOf(miss));
  const auto latest = cache_.latest(queue_.name, names);
  for (const auto& miss : misses) {
    std::vector<CacheParts> earlier;
    if (const auto at = latest.find(nameOf(miss)); at != latest.end())
      for (const auto& parts : at->second) earlier.push_back(cachePartsFrom(parts));
    const int nearest = nearestOf(miss.parts, earlier);
    const std::string why =
        whyMissed(miss.parts, nearest < 0 ? nullptr : &earlier[static_cast<std::size_t>(nearest)]);
    builds.at(number(miss.place.build))
        ->setCache(miss.place.position, miss.key, cacheNote("miss", why, miss.key, miss.parts));
  }
}

std::optional<CacheEntry> CachedResults::entry(const OpenBuild& build,
                                               const JobResult& result) const {
  const std::string& key = build.cacheKey(result.position);
  if (key.empty()) return std::nullopt;
  const auto lasts = build.generation().config.builder.cacheFailures;
  const bool isGood = result.status == JobStatus::Succeeded;
  const bool isTelling = result.status == JobStatus::Failed && lasts.count() > 0 &&
                         (result.failureClass == "failed" || result.failureClass == "rejected" ||
                          result.failureClass == "limit");
  if (!isGood && !isTelling) return std::nullopt;
  CacheParts parts = cachePartsFrom(cachePartsJson(build.cacheNote(result.position)));
  if (!isGood)
    parts = failureParts(std::move(parts), build.job(result.position),
                         build.generation().config.builder);
  CacheEntry entry;
  entry.key = isGood ? key : cacheKey(parts).text();
  entry.queue = queue_.name;
  entry.name = build.job(result.position).name;
  entry.partsJson = toJson(parts);
  entry.isGood = isGood;
  entry.failureClass = result.failureClass;
  entry.exitCode = result.exitCode;
  entry.error = result.error;
  entry.outputsJson = toJson(result.outputs);
  entry.plan = number(build.plan().id);
  entry.job = number(build.id(result.position));
  entry.isSealed = result.isSealed;
  entry.lasts = lasts;
  return entry;
}

}  // namespace planwright

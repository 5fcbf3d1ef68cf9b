#include "model/ready_jobs.h"

#include <algorithm>
#include <iterator>
#include <vector>

namespace planwright {
namespace {

constexpr double kLeastSeconds = 0.001;  // so that jobs of no time take turns, too
constexpr int kPatience = 32;            // starts that may overtake a job that does not fit

}  // namespace

void ReadyJobs::add(const std::string& source, const ReadyJob& job) {
  const auto [at, isNew] = sources_.try_emplace(source);
  if (isNew) {  // what it did not use while it had nothing to do is gone
    const auto known = passes_.find(source);
    at->second.pass = std::max(now_, known == passes_.end() ? 0 : known->second);
  }
  at->second.waiting[{job.cpus, job.memoryBytes}].insert(job);
}

void ReadyJobs::dropStale(Source& source, const IsReady& isReady) {
  for (auto at = source.waiting.begin(); at != source.waiting.end();) {
    auto& jobs = at->second;
    while (!jobs.empty() && !isReady(jobs.begin()->build, jobs.begin()->position))
      jobs.erase(jobs.begin());
    at = jobs.empty() ? source.waiting.erase(at) : std::next(at);
  }
}

/// What asks for more than there is runs alone.
bool ReadyJobs::fits(const ReadyJob& job, int slots, const JobCapacity& capacity) const {
  if (running_.empty()) return true;
  const int cpus = std::max(capacity.cpus, slots);
  const int used = heavyCpus_ + std::min(plain_, slots);
  const bool isPlain = job.cpus <= 1 && job.memoryBytes == 0;
  if (isPlain && (heavyCpus_ == 0 || plain_ >= slots)) return heavyCpus_ == 0;
  if (used + std::min(job.cpus, cpus) > cpus) return false;
  return capacity.memoryBytes == 0 || job.memoryBytes == 0 ||
         memory_ + std::min(job.memoryBytes, capacity.memoryBytes) <= capacity.memoryBytes;
}

ReadyJobs::Choice ReadyJobs::start(const std::string& name, Source& source, const ReadyJob& job) {
  const auto weight = weights_.find(name);
  now_ = source.pass;
  source.pass += std::max(job.seconds, kLeastSeconds) * std::max(job.cpus, 1) /
                 (weight == weights_.end() ? 1.0 : weight->second);
  const Running row{name, job.cpus, job.memoryBytes};
  const Choice choice{job.build, job.position, runningOf_[name] == 0 && !running_.empty()};
  ++runningOf_[name];
  running_.emplace(std::pair(job.build, job.position), row);
  if (row.isPlain())
    ++plain_;
  else
    heavyCpus_ += row.cpus;
  memory_ += row.memoryBytes;
  const auto bucket = source.waiting.find({job.cpus, job.memoryBytes});
  bucket->second.erase(job);
  if (bucket->second.empty()) source.waiting.erase(bucket);
  if (source.waiting.empty()) {
    passes_[name] = source.pass;
    sources_.erase(name);
  }
  return choice;
}

std::optional<ReadyJobs::Choice> ReadyJobs::take(int slots, const JobCapacity& capacity,
                                                 const IsReady& isReady) {
  std::vector<std::pair<double, std::string>> turns;
  for (auto at = sources_.begin(); at != sources_.end();) {
    dropStale(at->second, isReady);
    if (at->second.waiting.empty()) {
      passes_[at->first] = at->second.pass;
      at = sources_.erase(at);
      continue;
    }
    turns.emplace_back(at->second.pass, at->first);
    ++at;
  }
  std::sort(turns.begin(), turns.end());
  bool isOvertaking = false;
  for (const auto& [pass, name] : turns) {
    Source& source = sources_.at(name);
    std::vector<const ReadyJob*> best;  // of each demand
    for (const auto& [demand, jobs] : source.waiting) best.push_back(&*jobs.begin());
    std::sort(best.begin(), best.end(),
              [](const auto* a, const auto* b) { return Longest()(*a, *b); });
    for (const auto* job : best) {
      if (!fits(*job, slots, capacity)) {
        if (overtaken_ >= kPatience) return std::nullopt;  // it is its turn: the pool runs empty
        isOvertaking = true;
        continue;
      }
      overtaken_ = isOvertaking ? overtaken_ + 1 : 0;
      const ReadyJob chosen = *job;
      const std::string of = name;
      return start(of, source, chosen);
    }
  }
  return std::nullopt;
}

void ReadyJobs::ended(BuildId build, int position) {
  const auto at = running_.find({build, position});
  if (at == running_.end()) return;
  const Running& row = at->second;
  if (row.isPlain())
    --plain_;
  else
    heavyCpus_ -= row.cpus;
  memory_ -= row.memoryBytes;
  if (const auto of = runningOf_.find(row.source); --of->second == 0) runningOf_.erase(of);
  running_.erase(at);
}

}  // namespace planwright

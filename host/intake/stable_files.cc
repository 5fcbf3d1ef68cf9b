#include "intake/stable_files.h"

#include <algorithm>

#include <fmt/format.h>

namespace planwright {

std::string toText(ArrivingReason reason, std::chrono::nanoseconds quietPeriod) {
  switch (reason) {
    case ArrivingReason::Quiet:
      return fmt::format("It changed less than {} s ago.",
                         std::chrono::duration<double>(quietPeriod).count());
    case ArrivingReason::Open:
      return "Another program has it open for writing.";
    case ArrivingReason::Changed:
      return "It changed while it was copied.";
    case ArrivingReason::Waiting:
      return "It is stable and is about to be recorded.";
    case ArrivingReason::Source:
      return "The process of its source is being replaced.";
  }
  return {};
}

bool StableFiles::observe(std::string_view name, const StatSignature& signature) {
  const SteadyTime now = clock_.steady();
  auto file = files_.find(name);
  if (file == files_.end()) {
    file = files_.emplace(std::string(name), File{}).first;
    file->second.since = clock_.now();
  } else if (file->second.signature == signature) {
    schedule(file, file->second.quietUntil);
    return now >= file->second.quietUntil;
  }
  file->second.signature = signature;
  file->second.reason = ArrivingReason::Quiet;
  file->second.quietUntil = now + quietPeriod_;
  schedule(file, file->second.quietUntil);
  return now >= file->second.quietUntil;
}

void StableFiles::postpone(std::string_view name, const StatSignature& signature,
                           ArrivingReason reason, std::chrono::nanoseconds time) {
  const auto file = files_.find(name);
  if (file == files_.end() || file->second.signature != signature) return;
  file->second.reason = reason;
  schedule(file, clock_.steady() + time);
}

void StableFiles::forget(std::string_view name) {
  const auto file = files_.find(name);
  if (file == files_.end()) return;
  deadlines_.erase({file->second.dueAt, &file->first});
  files_.erase(file);
}

void StableFiles::schedule(Files::iterator file, SteadyTime at) {
  deadlines_.erase({file->second.dueAt, &file->first});
  file->second.dueAt = at;
  deadlines_.emplace(at, &file->first);
}

std::vector<ArrivingFile> StableFiles::due(std::size_t limit) const {
  const SteadyTime now = clock_.steady();
  std::vector<ArrivingFile> out;
  for (const auto& [at, name] : deadlines_) {
    if (at > now || out.size() == limit) break;
    const File& file = files_.find(*name)->second;
    out.push_back({*name, file.signature, file.since, ArrivingReason::Waiting});
  }
  return out;
}

std::size_t StableFiles::countDue(std::size_t limit) const {
  const SteadyTime now = clock_.steady();
  std::size_t count = 0;
  for (const auto& [at, name] : deadlines_) {
    if (at > now || count == limit) break;
    ++count;
  }
  return count;
}

std::optional<SteadyTime> StableFiles::nextDeadline() const {
  if (deadlines_.empty()) return std::nullopt;
  return deadlines_.begin()->first;
}

std::vector<ArrivingFile> StableFiles::list(std::size_t limit, std::string_view after) const {
  const SteadyTime now = clock_.steady();
  std::vector<ArrivingFile> out;
  for (auto file = files_.upper_bound(after); file != files_.end() && out.size() < limit; ++file) {
    const bool waits = file->second.dueAt <= now && file->second.reason == ArrivingReason::Quiet;
    out.push_back({file->first, file->second.signature, file->second.since,
                   waits ? ArrivingReason::Waiting : file->second.reason});
  }
  return out;
}

}  // namespace planwright

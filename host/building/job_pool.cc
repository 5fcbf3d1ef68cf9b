#include "building/job_pool.h"

#include <algorithm>

#include <unistd.h>

namespace planwright {
namespace {

/// Jobs that take less than this are handed out in advance, one for each slot, so that a slot need
/// not wait until the end of the job before is committed.
constexpr std::chrono::milliseconds kQuick{200};

/// `cpus:` and `memory:` of the builder, otherwise the whole machine.
JobCapacity capacityOf(const BuilderConfig& builder) {
  JobCapacity capacity{
      static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN)),
      static_cast<std::int64_t>(::sysconf(_SC_PHYS_PAGES)) * ::sysconf(_SC_PAGESIZE)};
  if (builder.cpus > 0) capacity.cpus = builder.cpus;
  if (builder.memoryBytes) capacity.memoryBytes = *builder.memoryBytes;
  return capacity;
}

}  // namespace

void JobPool::refresh(const QueueConfig& config) {
  ready_.weigh(weightsOf(config));
  capacity_ = capacityOf(config.builder);
}

void JobPool::add(const OpenBuild& build, int position) {
  ready_.add(build.plan().source, build.ready(position));
  if (build.plan().useCache) same_.add({build.plan().build, position}, build.cacheKey(position));
}

std::vector<JobPlace> JobPool::takeDue(SteadyTime now) {
  std::vector<JobPlace> due;
  while (!later_.empty() && later_.begin()->first <= now) {
    due.push_back(later_.begin()->second);
    later_.erase(later_.begin());
  }
  return due;
}

std::optional<SteadyTime> JobPool::nextDue() const {
  return later_.empty() ? std::nullopt : std::optional(later_.begin()->first);
}

std::vector<JobPlace> JobPool::start(OpenBuilds& builds, int slots) {
  urgent_.clear();
  std::vector<JobPlace> started;
  if (slots <= 0) return started;
  const auto wanted = static_cast<std::size_t>(slots);
  const std::size_t target =
      std::max(prefetch_.target(wanted), prefetch_.isQuick(kQuick) ? 2 * wanted : wanted);
  const auto isReady = [&](BuildId id, int position) {
    const auto at = builds.find(number(id));
    if (at != builds.end() && at->second->graph().status(position) == JobStatus::Ready &&
        !at->second->isHeld(position))
      return same_.mayStart({id, position});
    same_.left({id, position});
    return false;
  };
  while (ready_.running() < target) {
    const auto next = ready_.take(slots, capacity_, isReady);
    if (!next) break;
    builds.at(number(next->build))->graph().start(next->position);
    started.push_back({next->build, next->position});
    same_.started(started.back());
    if (next->isUrgent) urgent_.push_back(started.back());
  }
  return started;
}

bool JobPool::isUrgent(const JobPlace& place) const {
  return std::find(urgent_.begin(), urgent_.end(), place) != urgent_.end();
}

void JobPool::forgetWaiting() {
  ready_.forgetWaiting();
  same_.forgetWaiting();
  later_.clear();
}

}  // namespace planwright

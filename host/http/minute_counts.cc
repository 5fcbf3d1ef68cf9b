#include "http/minute_counts.h"

namespace planwright {
namespace {

constexpr std::size_t kMostKnown = 10'000;
constexpr std::chrono::seconds kMinute{60};

}  // namespace

MinuteCounts::Count MinuteCounts::add(const std::string& who) {
  const SteadyTime now = clock_.steady();
  auto minutes = minutes_.lock();
  if (minutes->size() >= kMostKnown && !minutes->contains(who)) minutes->clear();
  const auto [found, isNew] = minutes->try_emplace(who, Minute{now, 0});
  Minute& minute = found->second;
  if (now - minute.since >= kMinute) minute = {now, 0};
  return {++minute.times, std::chrono::ceil<std::chrono::seconds>(minute.since + kMinute - now)};
}

}  // namespace planwright

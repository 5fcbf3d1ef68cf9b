#include "workers/source_turns.h"

#include <algorithm>
#include <chrono>
#include <deque>

namespace planwright {
namespace {

constexpr std::chrono::milliseconds kLookEvery{20};

}  // namespace

std::vector<std::int64_t> SourceTurns::due(std::size_t limit) {
  return take(doors_.waiting(limit), limit);
}

SourceTurns::Turn SourceTurns::instead(std::vector<std::int64_t> tickets, SteadyTime now) {
  if (!isContended_) {
    if (now < nextLook_) return {std::move(tickets), {}};
    nextLook_ = now + kLookEvery;
    if (!doors_.doOthersWait(alone_)) return {std::move(tickets), {}};
    passes_[alone_] = now_ + 1;  // it had all the turns until now
  }
  const auto waiting = doors_.waiting(tickets.size());
  Turn turn{take(waiting, tickets.size()), {}};
  if (turn.claim.empty() || !isContended_) return {std::move(tickets), {}};
  for (const auto id : tickets) {
    const bool isWaiting = std::any_of(waiting.begin(), waiting.end(),
                                       [id](const auto& item) { return item.id == id; });
    if (isWaiting && std::find(turn.claim.begin(), turn.claim.end(), id) == turn.claim.end())
      turn.later.push_back(id);
  }
  return turn;
}

std::vector<std::int64_t> SourceTurns::take(const std::vector<QueuedItem>& waiting,
                                            std::size_t limit) {
  std::map<std::string, std::deque<std::int64_t>> lines;
  for (const auto& item : waiting) lines[item.source].push_back(item.id);
  isContended_ = lines.size() > 1;
  if (lines.size() == 1) alone_ = lines.begin()->first;
  std::vector<std::int64_t> chosen;
  while (chosen.size() < limit && !lines.empty()) {
    const auto passOf = [&](const std::string& source) { return std::max(now_, passes_[source]); };
    const auto next = std::min_element(
        lines.begin(), lines.end(),
        [&](const auto& a, const auto& b) { return passOf(a.first) < passOf(b.first); });
    const auto weight = weights_.find(next->first);
    now_ = passOf(next->first);
    passes_[next->first] = now_ + 1 / (weight == weights_.end() ? 1.0 : weight->second);
    chosen.push_back(next->second.front());
    next->second.pop_front();
    if (next->second.empty()) lines.erase(next);
  }
  return chosen;
}

}  // namespace planwright

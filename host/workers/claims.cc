#include "workers/claims.h"

#include <algorithm>
#include <utility>

#include "base/threads.h"
#include "store/inputs.h"
#include "store/plans.h"

namespace planwright {
namespace {

/// Beyond it a claim only gets slower.
constexpr std::size_t kMostAtOnce = 500;

}  // namespace

template <class Rows>
Claims<Rows>::Claims(const Host& host, LiveQueue& queue, Options options)
    : host_(host),
      queue_(queue),
      options_(std::move(options)),
      workers_(options_.workers),
      connection_(host.database.shared()),
      alone_(*this),
      turns_(*this),
      claimer_(options_.list, host.connectTickets(), host.membership, *this) {}

template <class Rows>
std::size_t Claims<Rows>::reserve(std::size_t most) {
  if (!host_.membership.mayClaim()) return 0;
  // While items are quick, seats come free in a moment, and an item that is queued instead costs a
  // ticket, a claim and two more index entries.
  const bool isQuick = prefetch_.target(1) > 1;
  const std::size_t enough = std::min(most, kMostAtOnce / 2);
  auto held = held_.waitFor(isQuick ? options_.seatWait : std::chrono::milliseconds(0), {},
                            [&](const Held& now) { return now.isQueueDry && free(now) >= enough; });
  const std::size_t seats = held->isQueueDry ? std::min(free(*held), most) : 0;
  held->reserved += seats;
  return seats;
}

template <class Rows>
void Claims<Rows>::receive(std::vector<Claimed> claimed, std::size_t seats) {
  {
    auto held = held_.lock();
    held->reserved -= seats;
    if (seats > 0)  // a commit that is repeated hands over again what it made
      std::erase_if(claimed, [&](const Claimed& item) {
        return std::find(held->ids.begin(), held->ids.end(), number(item.id)) != held->ids.end();
      });
    for (const auto& item : claimed) held->ids.push_back(number(item.id));
  }
  if (seats > 0) held_.notifyAll();
  if (!claimed.empty()) options_.deliver(std::move(claimed));
}

template <class Rows>
std::size_t Claims<Rows>::free(const Held& held) {
  const int workers = workers_;
  if (workers <= 0) return 0;
  const std::size_t target = prefetch_.target(static_cast<std::size_t>(workers));
  const std::size_t taken = held.ids.size() + held.reserved;
  return target > taken ? target - taken : 0;
}

template <class Rows>
void Claims<Rows>::setDry(bool isDry) {
  held_.lock()->isQueueDry = isDry;
  held_.notifyAll();
}

template <class Rows>
std::size_t Claims<Rows>::room(const std::stop_token& stop) {
  if (isSuspended_) {  // what is claimed before clear() would be forgotten, too
    sleepFor(std::chrono::milliseconds(10), stop);
    return 0;
  }
  if (workers_ > 0 && alone_.step(host_.clock.steady(), stop)) return 0;
  // Claiming a group is cheaper than claiming single items. So with many items under way, wait
  // until half of the room is free.
  auto held = held_.waitFor(std::chrono::seconds(1), stop, [&](const Held& now) {
    const std::size_t room = free(now);
    return room > 0 && room * 2 >= std::min(now.ids.size(), kMostAtOnce);
  });
  return std::min(free(*held), kMostAtOnce);
}

template <class Rows>
std::size_t Claims<Rows>::claim(const std::vector<std::int64_t>& ids, bool alone) {
  auto claimed =
      Rows(*connection_).claim(ids, InstanceId{host_.membership.instance()}, queue_.name, alone);
  const std::size_t count = claimed.size();
  if (count == 0) return 0;
  receive(std::move(claimed), 0);
  host_.bell.ring();
  return count;
}

template <class Rows>
SourceTurns& Claims<Rows>::turns() {
  if (auto newest = queue_.now(); newest != weighed_) {
    turns_.weigh(weightsOf(newest->config));
    weighed_ = std::move(newest);
  }
  return turns_;
}

template <class Rows>
SourceTurns::Turn Claims<Rows>::turns(std::vector<std::int64_t> tickets) {
  return turns().instead(std::move(tickets), host_.clock.steady());
}

template <class Rows>
bool Claims<Rows>::isOpen() {
  return Rows(*connection_).isOpen(queue_.name);
}

template <class Rows>
void Claims<Rows>::waitForCommit(std::chrono::milliseconds time, const std::stop_token& stop) {
  seenCommits_ = host_.bell.wait(seenCommits_, time, stop);
}

template <class Rows>
bool Claims<Rows>::isEmpty(const std::stop_token& stop) {
  setDry(false);  // nothing new comes in beside the one that is to be alone
  const auto isEmpty = [](const Held& now) { return now.isEmpty(); };
  return isEmpty(*held_.waitFor(std::chrono::seconds(1), stop, isEmpty));
}

template <class Rows>
std::vector<std::int64_t> Claims<Rows>::dueAlone() {
  return Rows(*connection_).dueAlone(queue_.name);
}

template <class Rows>
bool Claims<Rows>::doOthersWait(const std::string& source) {
  return Rows(*connection_).doOthersWait(queue_.name, source);
}

template <class Rows>
std::vector<QueuedItem> Claims<Rows>::waiting(std::size_t limit) {
  return Rows(*connection_).due(queue_.name, limit);
}

template class Claims<Inputs>;
template class Claims<Plans>;

}  // namespace planwright

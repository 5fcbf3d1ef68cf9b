#include "http/seats.h"

#include <algorithm>
#include <utility>

#include <sys/socket.h>

#include "base/log.h"

namespace planwright {
namespace {

/// The part of all seats that one client may have, and that what lasts may have; what lasts of one
/// client may have that part of either.
constexpr std::size_t kShare = 2;
/// With those who were given up and have not left yet, there may be so many times the limit.
constexpr std::size_t kSpare = 2;
constexpr std::size_t kManyLeaving = 8;  ///< such a part of the limit
/// What begins counts as if so much had been moved already, so that it has the time to begin.
constexpr double kHeadStartBytes = 64 * 1024;
constexpr std::size_t kSmallBytes = 64 * 1024;
constexpr std::chrono::minutes kWarnEvery{1};

}  // namespace

std::size_t ConnectionSeats::Book::staying() const {
  return entries[Waiting].size() + entries[Working].size() + entries[Lasting].size();
}

void ConnectionSeats::Book::move(Place entry, State state) {
  Share& share = shares[entry->client];
  if (entry->state == Lasting) --share.lasting;
  if (state == Lasting) ++share.lasting;
  in(state).splice(in(state).end(), in(entry->state), entry);
  entry->state = state;
}

/// It is counted no more.
void ConnectionSeats::Book::release(Place entry) {
  move(entry, Leaving);
  if (--shares[entry->client].all == 0) shares.erase(entry->client);
  keptBytes -= entry->keptBytes;
}

void ConnectionSeats::Book::giveUp(Place entry) {
  release(entry);
  ++givenUp;
  entry->isGivenUp = true;
  ::shutdown(entry->socket, SHUT_RDWR);
}

template <class Which>
bool ConnectionSeats::Book::giveUpWaiting(Which which) {
  const auto found = std::find_if(in(Waiting).begin(), in(Waiting).end(), which);
  if (found == in(Waiting).end()) return false;
  giveUp(found);
  return true;
}

template <class Which>
bool ConnectionSeats::Book::giveUpSlowest(SteadyTime now, Which which) {
  const auto bytesPerSecond = [now](const Entry& entry) {
    const std::chrono::duration<double> age = now - entry.since;
    return (kHeadStartBytes + static_cast<double>(entry.movedBytes)) / (1 + age.count());
  };
  Place slowest = in(Lasting).end();
  for (Place entry = in(Lasting).begin(); entry != in(Lasting).end(); ++entry)
    if (which(*entry) &&
        (slowest == in(Lasting).end() || bytesPerSecond(*entry) < bytesPerSecond(*slowest)))
      slowest = entry;
  if (slowest == in(Lasting).end()) return false;
  giveUp(slowest);
  return true;
}

ConnectionSeats::ConnectionSeats(const HttpLimits& limits) : limits_(limits) {}

std::optional<Seat> ConnectionSeats::take(const std::string& client, int socket, SteadyTime now) {
  const std::size_t most = limits_.connections;
  const auto isOfClient = [&](const Entry& entry) { return entry.client == client; };
  const auto isAny = [](const Entry&) { return true; };
  std::optional<Seat> seat;
  bool isNews = false;
  {
    auto book = book_.lock();
    const auto share = book->shares.find(client);
    bool isCrowded = share != book->shares.end() && share->second.all >= most / kShare &&
                     book->giveUpWaiting(isOfClient);
    if (book->staying() >= most) isCrowded = book->giveUpWaiting(isAny) || isCrowded;
    if (book->staying() + book->in(Leaving).size() < kSpare * most) {
      ++book->shares[client].all;
      Entry& entry = book->in(Waiting).emplace_back();
      entry.client = client;
      entry.socket = socket;
      entry.since = now;
      seat = Seat(this, std::prev(book->in(Waiting).end()));
    }
    isNews = (isCrowded || !seat) && now - book->warnedAt > kWarnEvery;
    if (isNews) book->warnedAt = now;
  }
  if (isNews) log::warn("http connections get many limit={} newest={}", most, client);
  return seat;
}

bool ConnectionSeats::areManyLeaving() {
  return book_.lock()->in(Leaving).size() > limits_.connections / kManyLeaving;
}

void ConnectionSeats::giveUpOne(SteadyTime now) {
  const auto isAny = [](const Entry&) { return true; };
  auto book = book_.lock();
  if (book->in(Leaving).empty() && !book->giveUpWaiting(isAny)) book->giveUpSlowest(now, isAny);
}

std::size_t ConnectionSeats::count() {
  auto book = book_.lock();
  return book->staying() + book->in(Leaving).size();
}

std::uint64_t ConnectionSeats::givenUp() {
  return book_.lock()->givenUp;
}

Seat::Seat(Seat&& other) noexcept
    : seats_(std::exchange(other.seats_, nullptr)),
      entry_(other.entry_) {}

Seat& Seat::operator=(Seat&& other) noexcept {
  if (this == &other) return *this;
  leave();
  seats_ = std::exchange(other.seats_, nullptr);
  entry_ = other.entry_;
  return *this;
}

void Seat::waits(SteadyTime now) {
  if (seats_ == nullptr) return;
  auto book = seats_->book_.lock();
  if (entry_->isGivenUp) return;
  entry_->since = now;
  book->move(entry_, ConnectionSeats::Waiting);
}

void Seat::works() {
  if (seats_ == nullptr) return;
  auto book = seats_->book_.lock();
  if (!entry_->isGivenUp) book->move(entry_, ConnectionSeats::Working);
}

void Seat::lasts(SteadyTime now) {
  if (seats_ == nullptr) return;
  auto book = seats_->book_.lock();
  if (entry_->isGivenUp) return;
  entry_->since = now;
  entry_->movedBytes = 0;
  book->move(entry_, ConnectionSeats::Lasting);
  const std::size_t most = seats_->limits_.connections / kShare;
  const auto isAnother = [this](const ConnectionSeats::Entry& entry) { return &entry != &*entry_; };
  const auto isAnotherOfClient = [this](const ConnectionSeats::Entry& entry) {
    return &entry != &*entry_ && entry.client == entry_->client;
  };
  if (book->shares[entry_->client].lasting > most / kShare)
    book->giveUpSlowest(now, isAnotherOfClient);
  if (book->in(ConnectionSeats::Lasting).size() > most) book->giveUpSlowest(now, isAnother);
}

void Seat::moved(std::size_t bytes) {
  if (seats_ != nullptr) entry_->movedBytes += bytes;
}

void Seat::keeps(std::size_t bytes) {
  if (seats_ == nullptr) return;
  const std::size_t counted = bytes > kSmallBytes ? bytes : 0;
  if (counted == entry_->keptBytes) return;
  auto book = seats_->book_.lock();
  if (entry_->isGivenUp) return;
  book->keptBytes += counted - entry_->keptBytes;
  entry_->keptBytes = counted;
  const auto isAnotherWithBytes = [this](const ConnectionSeats::Entry& entry) {
    return &entry != &*entry_ && entry.keptBytes > 0;
  };
  while (book->keptBytes > seats_->limits_.keptBytes && book->giveUpWaiting(isAnotherWithBytes)) {
  }
}

void Seat::movesTo(int socket) {
  if (seats_ == nullptr) return;
  auto book = seats_->book_.lock();
  entry_->socket = socket;
}

bool Seat::isGivenUp() const {
  return seats_ != nullptr && entry_->isGivenUp;
}

void Seat::leave() {
  if (seats_ == nullptr) return;
  auto book = seats_->book_.lock();
  if (!entry_->isGivenUp) book->release(entry_);
  book->in(ConnectionSeats::Leaving).erase(entry_);
  seats_ = nullptr;
}

}  // namespace planwright

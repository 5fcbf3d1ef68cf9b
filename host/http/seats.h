#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/clock.h"
#include "base/guarded.h"
#include "http/limits.h"

namespace planwright {

class Seat;

/// Who is connected, so that nobody can shut the others out by keeping connections open. There is
/// always room for one more request: when connections get many, a newcomer takes the seat of
/// another one, first of its own address.
///
/// - Who has sent no whole request, or waits between two, leaves first: the longest waiting.
/// - Of uploads, downloads and event streams the slowest leaves, when they are more than their
///   share. Clients of event streams come back by themselves and miss nothing.
/// - While a request is answered, nobody takes its seat.
///
/// Whoever is given up has its socket shut down, so the thread that owns it sees the end of it.
/// [any thread]
class ConnectionSeats {
 public:
  explicit ConnectionSeats(const HttpLimits& limits);
  ~ConnectionSeats() = default;
  ConnectionSeats(const ConnectionSeats&) = delete;
  ConnectionSeats& operator=(const ConnectionSeats&) = delete;

  /// A seat for a client that has connected. nullopt: there is none; nobody can be given up, or
  /// they do not leave. `client`: whose seats are counted together. The seat goes before `socket`.
  std::optional<Seat> take(const std::string& client, int socket, SteadyTime now);
  /// Newcomers had better wait a moment.
  bool areManyLeaving();
  /// The system has no descriptor left.
  void giveUpOne(SteadyTime now);

  std::size_t count();
  std::uint64_t givenUp();  ///< how many, so far

 private:
  friend class Seat;
  enum State {
    Waiting,  ///< the longest waiting first
    Working,
    Lasting,  ///< uploads, downloads, event streams
    Leaving,  ///< given up, not gone yet
  };
  struct Entry {
    std::string client;
    int socket = -1;
    State state = Waiting;
    SteadyTime since{};         ///< it waits, or lasts
    std::size_t keptBytes = 0;  ///< of a request, in memory
    std::atomic<std::uint64_t> movedBytes{0};
    std::atomic<bool> isGivenUp{false};
  };
  using Entries = std::list<Entry>;
  using Place = Entries::iterator;
  struct Share {
    std::size_t all = 0;
    std::size_t lasting = 0;
  };
  /// What is counted does not have those who are given up.
  struct Book {
    std::array<Entries, Leaving + 1> entries;       ///< by state
    std::unordered_map<std::string, Share> shares;  ///< by client
    std::size_t keptBytes = 0;
    std::uint64_t givenUp = 0;
    SteadyTime warnedAt{};  ///< in the log

    std::size_t staying() const;
    Entries& in(State state) { return entries[state]; }
    void move(Place entry, State state);
    void release(Place entry);
    void giveUp(Place entry);
    template <class Which>
    bool giveUpWaiting(Which which);
    template <class Which>
    bool giveUpSlowest(SteadyTime now, Which which);
  };

  const HttpLimits limits_;
  Guarded<Book> book_;
};

/// The seat of one connection; gives it back when it goes. Belongs to who owns the connection.
class Seat {
 public:
  Seat() = default;  ///< none
  Seat(Seat&& other) noexcept;
  Seat& operator=(Seat&& other) noexcept;
  Seat(const Seat&) = delete;
  Seat& operator=(const Seat&) = delete;
  ~Seat() { leave(); }

  /// The client is expected to send something. So it is at first.
  void waits(SteadyTime now);
  /// A request is whole and is answered.
  void works();
  /// An upload, a download or an event stream begins.
  void lasts(SteadyTime now);
  /// So many bytes of it came or went.
  void moved(std::size_t bytes);
  /// So much of a request is kept in memory now.
  void keeps(std::size_t bytes);
  /// Another descriptor stands for the connection from now on.
  void movesTo(int socket);
  /// Somebody else needs it: the connection has to end.
  bool isGivenUp() const;
  void leave();

 private:
  friend class ConnectionSeats;
  Seat(ConnectionSeats* seats, ConnectionSeats::Place entry) : seats_(seats), entry_(entry) {}

  ConnectionSeats* seats_ = nullptr;
  ConnectionSeats::Place entry_;
};

}  // namespace planwright

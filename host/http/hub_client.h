#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "base/clock.h"
#include "http/event_memory.h"
#include "http/transfer.h"

namespace planwright {

/// One socket of the hub, with what is still to be sent. Nothing here waits. Belongs to the hub
/// thread.
class HubClient {
 public:
  enum class Phase {
    Sending,     ///< bytes, file, what is made; then the socket is closed
    CatchingUp,  ///< an event client that has not got everything yet
    Live,        ///< an event client that gets each message as it is published
    Lingering,   ///< all sent: waits a moment for the client to hang up
  };

  HubClient(Transfer transfer, SteadyTime now);

  /// Sends what the socket takes. False: the connection is broken.
  bool pump(SteadyTime now);
  /// Reads and forgets. False: the client is gone, or sends where it should listen.
  bool drainInput();
  void enqueue(EventFrame frame, SteadyTime now);
  /// Says goodbye: no more bytes will come.
  void beginLinger(SteadyTime now);

  int socket() const { return transfer_.socket.get(); }
  bool hasOutput() const { return !frames_.empty() || transfer_.file.size > 0; }
  /// What its answer is made by, null if there is nothing more to be made.
  const std::shared_ptr<const NextPiece>& maker() const { return transfer_.next; }
  /// A piece was made, or nothing: that was the last one.
  void take(std::optional<std::string> piece, SteadyTime now);
  /// Its file was touched while it was sent: the last bytes wait until it has been read again.
  bool awaitsCheck() const { return awaitsCheck_; }
  /// Reads it; throws if its bytes are not right any more.
  std::shared_ptr<const NextPiece> check() const;
  void checked(SteadyTime now);
  bool isEventClient() const { return transfer_.events.has_value(); }
  bool hasOwnStream() const { return isEventClient() && transfer_.events->isOwn(); }
  bool sawEnd() const { return sawEnd_; }  ///< the client has closed its sending side
  std::size_t queuedBytes() const { return queuedBytes_; }
  SteadyTime progressAt() const { return progressAt_; }
  SteadyTime lingerUntil() const { return lingerUntil_; }
  EventSubscription& subscription() { return *transfer_.events; }
  /// Asks the subscription's filter; one that throws wants nothing.
  bool wants(const EventMessage& message) const;

  Phase phase = Phase::Sending;
  EventOrder position{};       ///< event clients: everything up to here is sent or queued
  bool awaitsBacklog = false;  ///< a page, a piece of what is made, or a check was asked for
  SteadyTime checkedAt;        ///< event clients: when their caller was looked up
  SteadyTime askAgainAt{};     ///< streams of their own: there was nothing, not before this time
  std::uint32_t interest = 0;  ///< epoll events asked for

 private:
  void forgetSent(std::size_t bytes);
  bool pumpFrames(SteadyTime now, std::size_t& budget);
  bool pumpFile(SteadyTime now, std::size_t& budget);

  Transfer transfer_;
  std::deque<EventFrame> frames_;
  std::size_t frameOffset_ = 0;  ///< sent bytes of the first frame
  std::size_t queuedBytes_ = 0;
  std::size_t forgottenBytes_ = 0;
  SteadyTime progressAt_;
  SteadyTime lingerUntil_;
  bool sawEnd_ = false;
  bool awaitsCheck_ = false;
  bool isChecked_ = false;  ///< this moment: the next bytes may go, whoever touches it again
};

}  // namespace planwright

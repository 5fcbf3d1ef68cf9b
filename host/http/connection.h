#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "http/dispatcher.h"
#include "http/hub.h"
#include "http/late_answers.h"
#include "http/request_framer.h"
#include "http/response_writer.h"
#include "http/seats.h"
#include "http/spool_file.h"

namespace planwright {

/// What all connections of a server share. Outlives them.
struct ConnectionContext {
  const Dispatcher& dispatcher;
  const ServerOptions& options;
  Hub& hub;
  LateAnswers& late;
  ConnectionSeats& seats;
};

/// One client: bytes in, answers out, in order. The socket belongs to the caller and is only
/// written to from here, on the one worker thread that owns the connection: so no answer can ever
/// reach a descriptor that has been closed and given to another client. What does not fit into the
/// socket at once, files, event streams and answers that are made while they are sent go to the Hub
/// with a descriptor of their own, those that are still to be made to the LateAnswers.
class HttpConnection {
 public:
  enum class State {
    Open,
    Closing,  ///< answered for the last time: what still comes in is read and forgotten for a
              ///< moment, because closing with unread input would make the kernel throw the answer
              ///< away (RST)
    Done,     ///< the caller closes its descriptor now
  };

  HttpConnection(int socket, Seat seat, std::string peer, const ConnectionContext& context,
                 SteadyTime now);

  /// Handles everything that is complete. Never waits for the client; handlers may block.
  State onBytes(std::string_view bytes, SteadyTime now);
  /// Looks at the clocks: slow senders get 408, idle ones are closed.
  State onTick(SteadyTime now);
  /// The caller closes the descriptor now.
  void leaveSeat() { seat_.leave(); }

 private:
  void advance();
  void step();
  void beginRequest();
  void takeBody();
  void finishRequest();
  bool isTooSlow() const;
  void refuse(int status, const std::string& detail);
  void answer(const Request& request, Dispatcher::Admission admission);
  void send(WireResponse wire);
  void handOver(WireResponse wire, std::size_t sentBytes);
  UniqueFd giveAway();
  void close();

  const int socket_;
  Seat seat_;
  const std::string peer_;
  const ConnectionContext& context_;
  State state_ = State::Open;
  RequestFramer framer_;
  Request request_;
  Dispatcher::Admission admission_;
  std::optional<SpoolFile> spool_;
  bool hasHead_ = false;      ///< request_ and admission_ are filled in
  bool hasAnswered_ = false;  ///< a request at least
  SteadyTime now_;            ///< of the call that runs
  SteadyTime lastByte_;
  SteadyTime freeSince_;       ///< the connect, or the last answer
  SteadyTime requestBegan_;    ///< the first one: at the connect
  SteadyTime closeBy_;         ///< in state Closing
  std::size_t forgotten_ = 0;  ///< bytes read in state Closing
};

}  // namespace planwright

#pragma once

#include <cstddef>

#include "base/crew.h"
#include "base/unique_fd.h"
#include "http/dispatcher.h"
#include "http/hub.h"
#include "http/seats.h"

namespace planwright {

/// Makes the answers that take long to make, such as those with a large file that is hashed first,
/// on threads of its own ("pw-http-late"), so that no connection waits behind them. Those that keep
/// a processor busy ("pw-http-busy") wait for each other only. What is made goes on to the Hub.
/// Owned by the Server. [any thread]
class LateAnswers {
 public:
  LateAnswers(const Dispatcher& dispatcher, Hub& hub);

  struct Answer {
    UniqueFd socket;
    Seat seat;
    Request request;
    const Route* route = nullptr;
    LateBody body;
  };
  /// Makes it when it is its turn and sends it; the connection ends with it.
  void adopt(Answer answer) { (answer.body.isComputed ? busy_ : late_).add(std::move(answer)); }
  /// Drops what is not made yet and ends the threads.
  void stop() {
    late_.stop();
    busy_.stop();
  }

 private:
  Crew<Answer> late_, busy_;
};

}  // namespace planwright

#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/next_piece.h"
#include "base/unique_fd.h"
#include "http/event_message.h"
#include "http/response.h"
#include "http/seats.h"

namespace planwright {

/// A socket whose answer takes long, with what is to be sent: bytes, then a file, what is made
/// meanwhile, or events.
struct Transfer {
  UniqueFd socket;
  Seat seat;  ///< goes before the socket
  std::vector<std::string> bytes;
  std::size_t sentBytes = 0;  ///< of `bytes`, which went out already
  FileBody file;
  std::shared_ptr<const NextPiece> next;  ///< null: nothing is made
  bool isChunked = false;                 ///< of what is made; else the end of it ends the answer
  std::optional<EventSubscription> events;
};

}  // namespace planwright

#pragma once

#include <optional>
#include <string>

#include "http/request.h"
#include "http/response.h"

namespace planwright {

/// A response as it goes over the wire: head, body, then the file range, events
/// or stream.
struct WireResponse {
  std::string head;
  std::string body;
  FileBody file;
  std::optional<EventSubscription> events;
  NextPiece stream;
  bool isChunked = false;  ///< of `stream`
  bool keepAlive = true;   ///< the head says so, too
};

/// Applies what HTTP adds to an answer (304, ranges, gzip, HEAD, lengths, Date, Connection) and
/// serialises it. Bodies that a hub has to send close the connection afterwards.
WireResponse toWire(const Request& request, Response response);

/// In-memory bodies above this go through the hub.
constexpr std::size_t kLargeBodyBytes = 256 * 1024;

}  // namespace planwright

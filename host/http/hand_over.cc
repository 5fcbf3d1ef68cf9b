#include "http/hand_over.h"

#include <utility>

namespace planwright {

void handOver(UniqueFd socket, WireResponse wire, std::size_t sentBytes, Hub& hub,
              Streamer& streamer) {
  if (wire.stream)
    return streamer.adopt({.socket = std::move(socket),
                           .head = std::move(wire.head),
                           .body = std::move(*wire.stream),
                           .isChunked = wire.isChunked});
  Transfer transfer;
  transfer.socket = std::move(socket);
  transfer.bytes.push_back(std::move(wire.head));
  transfer.bytes.push_back(std::move(wire.body));
  transfer.sentBytes = sentBytes;
  transfer.file = std::move(wire.file);
  transfer.events = std::move(wire.events);
  hub.adopt(std::move(transfer));
}

}  // namespace planwright

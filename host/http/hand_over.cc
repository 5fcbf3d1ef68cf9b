#include "http/hand_over.h"

#include <memory>
#include <utility>

namespace planwright {

void handOver(UniqueFd socket, Seat seat, WireResponse wire, std::size_t sentBytes, Hub& hub) {
  Transfer transfer;
  transfer.socket = std::move(socket);
  transfer.seat = std::move(seat);
  transfer.bytes.push_back(std::move(wire.head));
  transfer.bytes.push_back(std::move(wire.body));
  transfer.sentBytes = sentBytes;
  transfer.file = std::move(wire.file);
  if (wire.stream) transfer.next = std::make_shared<const NextPiece>(std::move(wire.stream));
  transfer.isChunked = wire.isChunked;
  transfer.events = std::move(wire.events);
  hub.adopt(std::move(transfer));
}

}  // namespace planwright

#include "http/piece_maker.h"

#include <exception>
#include <utility>

#include "base/log.h"

namespace planwright {
namespace {

PieceMaker::Piece make(const PieceMaker::Order& order) {
  PieceMaker::Piece piece{order.client, {}, false};
  try {
    piece.bytes = (*order.next)();
  } catch (const std::exception& e) {
    log::error("http answer broken off error={}", e.what());
    piece.failed = true;
  }
  return piece;
}

}  // namespace

PieceMaker::PieceMaker(std::size_t threads, std::function<void(Piece)> deliver)
    : crew_("pw-http-stream", threads,
            [deliver = std::move(deliver)](const Order& order) { deliver(make(order)); }) {}

}  // namespace planwright

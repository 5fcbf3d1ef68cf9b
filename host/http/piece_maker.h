#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/crew.h"
#include "base/next_piece.h"

namespace planwright {

/// Makes the next bytes of answers that are made while they are sent, such as archives, and reads
/// files again that were touched meanwhile: a few threads ("pw-http-stream"), since that waits for
/// disks. Somebody asks for a piece once the one before has been sent, so a client that reads
/// slowly holds a piece and no thread. Owned by the Hub.
class PieceMaker {
 public:
  struct Order {
    std::uint64_t client = 0;
    std::shared_ptr<const NextPiece> next;
  };
  struct Piece {
    std::uint64_t client = 0;
    std::optional<std::string> bytes;  ///< nothing: that was all
    bool failed = false;
  };

  /// `deliver` is called on one of the threads.
  PieceMaker(std::size_t threads, std::function<void(Piece)> deliver);

  void order(Order order) { crew_.add(std::move(order)); }
  void stop() { crew_.stop(); }

 private:
  Crew<Order> crew_;
};

}  // namespace planwright

#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/guarded.h"
#include "base/next_piece.h"

namespace planwright {

/// Makes the next bytes of answers that are made while they are sent, such as archives: a few
/// threads ("pw-http-stream"), since that reads files. Somebody asks for a piece once the one
/// before has been sent, so a client that reads slowly holds a piece and no thread. Owned by the
/// Hub.
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

  /// `deliver` is called on one of the threads, which are started when they are needed.
  PieceMaker(std::size_t threads, std::function<void(Piece)> deliver);
  ~PieceMaker();
  PieceMaker(const PieceMaker&) = delete;
  PieceMaker& operator=(const PieceMaker&) = delete;

  void order(Order order);
  void stop();

 private:
  struct Work {
    std::deque<Order> orders;
    std::size_t idle = 0;  ///< threads that wait for one
    std::vector<std::jthread> threads;
    bool isStopped = false;
  };
  void run(const std::stop_token& stop);

  const std::size_t most_;
  const std::function<void(Piece)> deliver_;
  Guarded<Work> work_;
};

}  // namespace planwright

#include "http/piece_maker.h"

#include <chrono>
#include <exception>
#include <utility>

#include "base/log.h"
#include "base/threads.h"

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
    : most_(threads),
      deliver_(std::move(deliver)) {}

PieceMaker::~PieceMaker() {
  stop();
}

void PieceMaker::order(Order order) {
  {
    auto work = work_.lock();
    if (work->isStopped) return;
    work->orders.push_back(std::move(order));
    if (work->orders.size() > work->idle && work->threads.size() < most_) {
      work->threads.push_back(
          startThread("pw-http-stream", [this](const std::stop_token& stop) { run(stop); }));
      ++work->idle;
    }
  }
  work_.notifyOne();
}

void PieceMaker::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    Order order;
    {
      auto work = work_.waitFor(std::chrono::hours(1), stop,
                                [](const Work& all) { return !all.orders.empty(); });
      if (work->orders.empty()) continue;
      order = std::move(work->orders.front());
      work->orders.pop_front();
      --work->idle;
    }
    deliver_(make(order));
    order = {};  // perhaps its client is gone, and this the end of what it held
    ++work_.lock()->idle;
  }
}

void PieceMaker::stop() {
  std::vector<std::jthread> threads;
  {
    auto work = work_.lock();
    work->isStopped = true;
    threads = std::move(work->threads);
    work->orders.clear();
  }
  for (auto& thread : threads) thread.request_stop();
  threads.clear();
}

}  // namespace planwright

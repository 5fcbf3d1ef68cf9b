#include "http/late_answers.h"

#include <functional>
#include <utility>

#include "http/hand_over.h"
#include "http/response_writer.h"

namespace planwright {
namespace {

constexpr std::size_t kMostThreads = 4, kMostBusy = 2;

std::function<void(LateAnswers::Answer)> answering(const Dispatcher& dispatcher, Hub& hub) {
  return [&dispatcher, &hub](LateAnswers::Answer answer) {
    if (answer.seat.isGivenUp()) return;
    answer.request.keepAlive = false;  // nobody reads a next request from this socket
    handOver(
        std::move(answer.socket), std::move(answer.seat),
        toWire(answer.request, dispatcher.answerLate(answer.request, answer.route, answer.body)), 0,
        hub);
  };
}

}  // namespace

LateAnswers::LateAnswers(const Dispatcher& dispatcher, Hub& hub)
    : late_("pw-http-late", kMostThreads, answering(dispatcher, hub)),
      busy_("pw-http-busy", kMostBusy, answering(dispatcher, hub)) {}

}  // namespace planwright

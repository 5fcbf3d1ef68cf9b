#include "http/late_answers.h"

#include <deque>
#include <vector>

#include "base/guarded.h"
#include "base/threads.h"
#include "http/hand_over.h"
#include "http/response_writer.h"

namespace planwright {
namespace {

using std::chrono_literals::operator""ms;

constexpr std::size_t kMostThreads = 4;

}  // namespace

struct LateAnswers::State {
  State(const Dispatcher& makes, Hub& hubOf) : dispatcher(makes), hub(hubOf) {}

  void work(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      Answer answer;
      {
        auto now =
            waiting.waitFor(1000ms, stop, [](const Waiting& w) { return !w.answers.empty(); });
        if (now->answers.empty()) continue;
        answer = std::move(now->answers.front());
        now->answers.pop_front();
        --now->idle;
      }
      answer.request.keepAlive = false;  // nobody reads a next request from this socket
      handOver(
          std::move(answer.socket),
          toWire(answer.request, dispatcher.answerLate(answer.request, answer.route, answer.body)),
          0, hub);
      answer = {};
      ++waiting.lock()->idle;
    }
  }

  struct Waiting {
    std::deque<Answer> answers;
    std::size_t idle = 0;  ///< threads that wait for one
    std::vector<std::jthread> threads;
    bool isStopped = false;
  };
  const Dispatcher& dispatcher;
  Hub& hub;
  Guarded<Waiting> waiting;
};

LateAnswers::LateAnswers(const Dispatcher& dispatcher, Hub& hub)
    : state_(std::make_unique<State>(dispatcher, hub)) {}

LateAnswers::~LateAnswers() {
  stop();
}

void LateAnswers::adopt(Answer answer) {
  {
    auto now = state_->waiting.lock();
    if (now->isStopped) return;
    now->answers.push_back(std::move(answer));
    if (now->answers.size() > now->idle && now->threads.size() < kMostThreads) {
      now->threads.push_back(startThread(
          "pw-http-late", [state = state_.get()](const std::stop_token& s) { state->work(s); }));
      ++now->idle;
    }
  }
  state_->waiting.notifyOne();
}

std::size_t LateAnswers::count() const {
  auto now = state_->waiting.lock();
  return now->answers.size() + now->threads.size() - now->idle;
}

void LateAnswers::stop() {
  std::vector<std::jthread> threads;
  {
    auto now = state_->waiting.lock();
    now->isStopped = true;
    threads = std::move(now->threads);
    now->answers.clear();
  }
  for (auto& thread : threads) thread.request_stop();
  threads.clear();
}

}  // namespace planwright

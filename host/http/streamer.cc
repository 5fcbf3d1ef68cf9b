#include "http/streamer.h"

#include <cerrno>
#include <deque>
#include <stdexcept>
#include <vector>

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/log.h"
#include "base/threads.h"

namespace planwright {
namespace {

using std::chrono_literals::operator""ms;

constexpr std::size_t kChunkBytes = 64 * 1024;
constexpr auto kLook = 200ms;     // between looks at the stop token
constexpr auto kLinger = 2000ms;  // for the client to hang up first

/// The client has gone or reads nothing, or the server stops: nothing to tell anybody.
struct NobodyReads : std::runtime_error {
  NobodyReads() : std::runtime_error("nobody reads") {}
};

/// One socket, written in chunks. Belongs to one thread.
class ChunkSender {
 public:
  ChunkSender(int socket, bool isChunked, std::chrono::milliseconds stall,
              const std::stop_token& stop)
      : socket_(socket),
        isChunked_(isChunked),
        stall_(stall),
        stop_(stop) {}

  void append(std::string_view bytes) {
    if (pending_.size() + bytes.size() < kChunkBytes) {
      pending_.append(bytes);
      return;
    }
    sendChunk(pending_);
    pending_.clear();
    if (bytes.size() < kChunkBytes)
      pending_.append(bytes);
    else
      sendChunk(bytes);
  }

  void finish() {
    sendChunk(pending_);
    if (isChunked_) send("0\r\n\r\n");
  }

  void send(std::string_view bytes) {
    auto progress = std::chrono::steady_clock::now();
    while (!bytes.empty()) {
      if (stop_.stop_requested()) throw NobodyReads();
      const ssize_t n = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n > 0) {
        bytes.remove_prefix(static_cast<std::size_t>(n));
        progress = std::chrono::steady_clock::now();
        continue;
      }
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK) throw NobodyReads();
      pollfd ready{socket_, POLLOUT, 0};
      ::poll(&ready, 1, static_cast<int>(kLook.count()));
      if (std::chrono::steady_clock::now() - progress > stall_) throw NobodyReads();
    }
  }

 private:
  void sendChunk(std::string_view bytes) {
    if (bytes.empty()) return;
    if (isChunked_) send(fmt::format("{:x}\r\n", bytes.size()));
    send(bytes);
    if (isChunked_) send("\r\n");
  }

  const int socket_;
  const bool isChunked_;
  const std::chrono::milliseconds stall_;
  const std::stop_token& stop_;
  std::string pending_;
};

void sendAll(const Streamer::Answer& answer, std::chrono::milliseconds stall,
             const std::stop_token& stop) {
  ChunkSender sender(answer.socket.get(), answer.isChunked, stall, stop);
  try {
    sender.send(answer.head);
    answer.body.produce([&sender](std::string_view bytes) { sender.append(bytes); });
    sender.finish();
  } catch (const NobodyReads&) {
    return;
  } catch (const std::exception& e) {
    log::error("http answer broken off error={}", e.what());
    return;
  }
  ::shutdown(answer.socket.get(), SHUT_WR);
  pollfd closed{answer.socket.get(), POLLIN, 0};
  ::poll(&closed, 1, static_cast<int>(kLinger.count()));
}

}  // namespace

struct Streamer::State {
  explicit State(StreamLimits wanted) : limits(wanted) {}

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
      sendAll(answer, limits.stall, stop);
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
  const StreamLimits limits;
  Guarded<Waiting> waiting;
};

Streamer::Streamer(StreamLimits limits) : state_(std::make_unique<State>(limits)) {}

Streamer::~Streamer() {
  stop();
}

void Streamer::adopt(Answer answer) {
  {
    auto now = state_->waiting.lock();
    if (now->isStopped) return;
    now->answers.push_back(std::move(answer));
    if (now->answers.size() > now->idle && now->threads.size() < state_->limits.threads) {
      now->threads.push_back(startThread(
          "pw-http-stream", [state = state_.get()](const std::stop_token& s) { state->work(s); }));
      ++now->idle;
    }
  }
  state_->waiting.notifyOne();
}

void Streamer::stop() {
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

#include "http/connection.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/log.h"
#include "http/hand_over.h"
#include "http/limits.h"
#include "http/problem.h"

namespace planwright {

namespace {

using std::chrono_literals::operator""s;

constexpr std::size_t kLingerBytes = std::size_t{4} << 20;

/// How much of head and body the socket took; nullopt if it is broken.
std::optional<std::size_t> trySend(int socket, std::string_view head, std::string_view body = {}) {
  std::size_t sent = 0;
  const auto piece = [](std::string_view text, std::size_t skip) {
    skip = std::min(skip, text.size());
    return iovec{const_cast<char*>(text.data()) + skip, text.size() - skip};
  };
  while (sent < head.size() + body.size()) {
    std::array<iovec, 2> pieces = {piece(head, sent),
                                   piece(body, sent - std::min(sent, head.size()))};
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = pieces.size();
    const ssize_t n = ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n >= 0) {
      sent += static_cast<std::size_t>(n);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      break;
    } else if (errno != EINTR) {
      return std::nullopt;
    }
  }
  return sent;
}

}  // namespace

HttpConnection::HttpConnection(int socket, Seat seat, std::string peer,
                               const ConnectionContext& context, SteadyTime now)
    : socket_(socket),
      seat_(std::move(seat)),
      peer_(std::move(peer)),
      context_(context),
      framer_(context.options.limits),
      now_(now),
      lastByte_(now),
      freeSince_(now),
      requestBegan_(now),
      closeBy_(now) {}

HttpConnection::State HttpConnection::onBytes(std::string_view bytes, SteadyTime now) {
  now_ = now;
  if (seat_.isGivenUp()) state_ = State::Done;
  if (state_ == State::Closing) {
    forgotten_ += bytes.size();
    if (forgotten_ > kLingerBytes) state_ = State::Done;
  }
  if (state_ != State::Open) return state_;
  if (!framer_.isInside() && hasAnswered_) requestBegan_ = now;
  lastByte_ = now;
  framer_.feed(bytes);
  advance();
  return state_;
}

HttpConnection::State HttpConnection::onTick(SteadyTime now) {
  now_ = now;
  const HttpLimits& limits = context_.options.limits;
  if (seat_.isGivenUp() || (state_ == State::Closing && now >= closeBy_)) state_ = State::Done;
  if (state_ != State::Open) return state_;
  if (framer_.isInside()) {
    if (isTooSlow()) refuse(408, "The request took too long to arrive.");
  } else if (now - freeSince_ > (hasAnswered_ ? limits.idleTimeout : limits.requestTimeout)) {
    state_ = State::Done;
  }
  return state_;
}

bool HttpConnection::isTooSlow() const {
  const auto patience = context_.options.limits.requestTimeout;
  if (spool_ && now_ - lastByte_ > patience) return true;
  const std::uint64_t came = spool_ ? spool_->sizeBytes() : request_.body.size();
  return now_ - requestBegan_ >
         patience + std::chrono::seconds(static_cast<std::int64_t>(came / kSlowestBodyBytes));
}

void HttpConnection::advance() {
  try {
    step();
  } catch (const std::system_error& e) {  // the spool folder: full, gone, not writable
    log::error("http body not kept folder={} error={}", context_.options.spoolFolder.string(),
               e.what());
    const bool isFull = e.code() == std::errc::no_space_on_device;
    refuse(isFull ? 507 : 500, "The server has no place to keep the body of this request.");
  }
}

void HttpConnection::step() {
  while (state_ == State::Open) {
    switch (framer_.next()) {
      case RequestFramer::Event::NeedBytes:
        return;
      case RequestFramer::Event::Head:
        beginRequest();
        break;
      case RequestFramer::Event::Body:
        takeBody();
        break;
      case RequestFramer::Event::End:
        finishRequest();
        break;
      case RequestFramer::Event::Bad:
        refuse(framer_.error().status, framer_.error().detail);
        return;
    }
  }
}

void HttpConnection::beginRequest() {
  RequestHead& head = framer_.head();
  request_ = {};
  request_.method = head.method;
  request_.target = std::move(head.target);
  request_.path = std::move(head.path);
  request_.headers = std::move(head.headers);
  request_.keepAlive = head.keepAlive;
  request_.isHttp11 = head.isHttp11;
  request_.peer = peer_;
  Result<Query> query = Query::parse(head.rawQuery);
  if (query) request_.query = std::move(*query);
  admission_ = context_.dispatcher.admit(request_);
  if (!query && !admission_.refusal) admission_.refusal = problem(query.error());
  hasHead_ = true;

  const bool hasBody = head.isChunked || head.contentLength.value_or(0) > 0;
  if (!hasBody) return;
  if (admission_.refusal) {  // the body is not worth reading
    request_.keepAlive = false;
    return answer(request_, std::move(admission_));
  }
  if (admission_.match.route->options.upload) {
    framer_.limitBody(context_.options.limits.uploadBytes);
    spool_.emplace(context_.options.spoolFolder);
    seat_.lasts(now_);
  }
  if (head.expectsContinue) trySend(socket_, "HTTP/1.1 100 Continue\r\n\r\n");
}

void HttpConnection::takeBody() {
  if (spool_) {
    spool_->append(framer_.body());
    seat_.moved(framer_.body().size());
  } else {
    request_.body.append(framer_.body());
    seat_.keeps(request_.body.size());
  }
}

void HttpConnection::finishRequest() {
  const bool isUpload = admission_.match.route != nullptr && admission_.match.route->options.upload;
  if (isUpload && !admission_.refusal) {
    if (!spool_) spool_.emplace(context_.options.spoolFolder);
    request_.bodySize = spool_->sizeBytes();
    request_.bodyFile = spool_->finish();
    spool_.reset();
  } else {
    request_.bodySize = request_.body.size();
  }
  hasHead_ = false;
  seat_.works();
  answer(request_, std::move(admission_));
  request_ = {};
  hasAnswered_ = true;
  now_ = std::chrono::steady_clock::now();  // the handler may have taken its time
  lastByte_ = freeSince_ = requestBegan_ = now_;
  seat_.keeps(0);
  seat_.waits(now_);
}

void HttpConnection::refuse(int status, const std::string& detail) {
  if (!hasHead_) {
    request_ = {};
    admission_ = {};
    request_.requestId = makeRequestId();
  }
  request_.keepAlive = false;
  admission_.refusal = problem(status, problemCode(status), detail);
  answer(request_, std::move(admission_));
}

void HttpConnection::answer(const Request& request, Dispatcher::Admission admission) {
  const Route* route = admission.match.route;
  Response response = context_.dispatcher.answer(request, std::move(admission));
  auto* late = std::get_if<LateBody>(&response.body);
  if (late == nullptr) return send(toWire(request, std::move(response)));
  if (UniqueFd socket = giveAway())
    context_.late.adopt({std::move(socket), std::move(seat_), request, route, std::move(*late)});
}

void HttpConnection::send(WireResponse wire) {
  if (wire.events || wire.file.file || wire.stream) return handOver(std::move(wire), 0);
  const auto sent = trySend(socket_, wire.head, wire.body);
  if (!sent) {
    state_ = State::Done;
    return;
  }
  if (*sent < wire.head.size() + wire.body.size()) return handOver(std::move(wire), *sent);
  if (!wire.keepAlive) close();
}

void HttpConnection::handOver(WireResponse wire, std::size_t sentBytes) {
  if (UniqueFd socket = giveAway())
    planwright::handOver(std::move(socket), std::move(seat_), std::move(wire), sentBytes,
                         context_.hub);
}

/// A descriptor for somebody else. It keeps the connection open; ours is not needed any more.
UniqueFd HttpConnection::giveAway() {
  state_ = State::Done;
  UniqueFd socket(::fcntl(socket_, F_DUPFD_CLOEXEC, 3));
  if (!socket) log::warn("http connection dropped, no descriptor left");
  if (!socket) return socket;
  seat_.movesTo(socket.get());
  seat_.lasts(now_);
  return socket;
}

void HttpConnection::close() {
  ::shutdown(socket_, SHUT_WR);
  state_ = State::Closing;
  closeBy_ = now_ + kLingerTime;
  seat_.waits(now_);
}

}  // namespace planwright

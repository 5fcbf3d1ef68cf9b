#include "http/hub_client.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "http/limits.h"

namespace planwright {

namespace {

constexpr std::size_t kPumpBytes = std::size_t{1} << 20;  ///< then the others have their turn
constexpr std::size_t kMaxForgotten = std::size_t{4} << 20;
constexpr std::size_t kMaxPieces = 32;

bool wouldBlock() {
  return errno == EAGAIN || errno == EWOULDBLOCK;
}

}  // namespace

HubClient::HubClient(Transfer transfer, SteadyTime now)
    : checkedAt(now),
      transfer_(std::move(transfer)),
      progressAt_(now),
      lingerUntil_(now) {
  for (std::string& bytes : transfer_.bytes) {
    if (!bytes.empty()) enqueue(std::make_shared<const std::string>(std::move(bytes)), now);
  }
  forgetSent(transfer_.sentBytes);
}

void HubClient::enqueue(EventFrame frame, SteadyTime now) {
  if (!hasOutput()) progressAt_ = now;  // the stall clock starts
  queuedBytes_ += frame->size();
  frames_.push_back(std::move(frame));
}

void HubClient::take(std::optional<std::string> piece, SteadyTime now) {
  const auto send = [&](std::string bytes) {
    enqueue(std::make_shared<const std::string>(std::move(bytes)), now);
  };
  if (!piece) transfer_.next.reset();
  if (!piece && transfer_.isChunked) send("0\r\n\r\n");
  if (!piece || piece->empty()) return;
  if (transfer_.isChunked) send(fmt::format("{:x}\r\n", piece->size()));
  send(std::move(*piece));
  if (transfer_.isChunked) send("\r\n");
}

std::shared_ptr<const NextPiece> HubClient::check() const {
  return std::make_shared<const NextPiece>(
      [isIntact = transfer_.file.isIntact]() -> std::optional<std::string> {
        // Who gets fewer bytes than promised throws them away.
        if (!isIntact(true)) throw std::runtime_error("the file was written while it was sent");
        return std::nullopt;
      });
}

void HubClient::checked(SteadyTime now) {
  awaitsCheck_ = false;
  isChecked_ = true;
  progressAt_ = now;
}

bool HubClient::wants(const EventMessage& message) const {
  try {
    return !transfer_.events->wants || transfer_.events->wants(message);
  } catch (...) {
    return false;
  }
}

bool HubClient::pump(SteadyTime now) {
  std::size_t budget = kPumpBytes;
  return pumpFrames(now, budget) && (!frames_.empty() || pumpFile(now, budget));
}

bool HubClient::pumpFrames(SteadyTime now, std::size_t& budget) {
  while (!frames_.empty() && budget > 0) {
    std::array<iovec, kMaxPieces> pieces{};
    std::size_t count = 0;
    for (const EventFrame& frame : frames_) {
      const std::size_t skip = count == 0 ? frameOffset_ : 0;
      pieces[count++] = {const_cast<char*>(frame->data()) + skip, frame->size() - skip};
      if (count == pieces.size()) break;
    }
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = count;
    const ssize_t n = ::sendmsg(socket(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return wouldBlock();
    progressAt_ = now;
    const auto sent = static_cast<std::size_t>(n);
    transfer_.seat.moved(sent);
    budget -= std::min(budget, sent);
    forgetSent(sent);
  }
  return true;
}

void HubClient::forgetSent(std::size_t bytes) {
  queuedBytes_ -= bytes;
  frameOffset_ += bytes;
  while (!frames_.empty() && frameOffset_ >= frames_.front()->size()) {
    frameOffset_ -= frames_.front()->size();
    frames_.pop_front();
  }
}

bool HubClient::pumpFile(SteadyTime now, std::size_t& budget) {
  FileBody& file = transfer_.file;
  const bool isChecked = std::exchange(isChecked_, false);
  while (file.size > 0 && budget > 0) {
    auto offset = static_cast<off_t>(file.offset);
    const std::size_t piece = std::min<std::uint64_t>(file.size, budget);
    const bool isAsked = piece == file.size && file.isIntact && !isChecked;
    awaitsCheck_ = isAsked && !file.isIntact(false);
    if (awaitsCheck_) return true;
    const ssize_t n = ::sendfile(socket(), file.file->get(), &offset, piece);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return wouldBlock();
    if (n == 0)
      return false;  // the file is shorter than it was: the promised length cannot be kept
    progressAt_ = now;
    transfer_.seat.moved(static_cast<std::size_t>(n));
    file.offset += static_cast<std::uint64_t>(n);
    file.size -= static_cast<std::uint64_t>(n);
    budget -= static_cast<std::size_t>(n);
  }
  return true;
}

bool HubClient::drainInput() {
  std::array<char, 16 * 1024> scrap{};
  const ssize_t n = ::recv(socket(), scrap.data(), scrap.size(), MSG_DONTWAIT);
  if (n < 0) return wouldBlock() || errno == EINTR;
  if (n == 0) {
    sawEnd_ = true;  // a client may close its sending side and still read; one of events has left
    return !isEventClient() && phase != Phase::Lingering;
  }
  forgottenBytes_ += static_cast<std::size_t>(n);
  return forgottenBytes_ <= kMaxForgotten;
}

void HubClient::beginLinger(SteadyTime now) {
  phase = Phase::Lingering;
  lingerUntil_ = now + kLingerTime;
  transfer_.seat.waits(now);
  ::shutdown(socket(), SHUT_WR);
}

}  // namespace planwright

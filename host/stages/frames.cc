#include "stages/frames.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace planwright {
namespace {

constexpr std::uint16_t kFlagFd = 1;

bool isKind(std::uint16_t kind) {
  return (kind >= 1 && kind <= 9) || (kind >= 16 && kind <= 23) || (kind >= 32 && kind <= 36);
}

template <class Number>
Number numberAt(std::string_view bytes, std::size_t at) {
  Number out = 0;
  for (std::size_t i = 0; i < sizeof(Number); ++i)
    out = static_cast<Number>(
        out | static_cast<Number>(static_cast<Number>(static_cast<unsigned char>(bytes[at + i]))
                                  << (8 * i)));
  return out;
}

template <class Number>
void append(std::string& to, Number number) {
  for (std::size_t i = 0; i < sizeof(Number); ++i)
    to.push_back(static_cast<char>((number >> (8 * i)) & 0xff));
}

}  // namespace

Result<FrameHeader> parseFrameHeader(std::string_view bytes) {
  if (bytes.size() != kFrameHeaderBytes) return invalid("the header of a frame has 16 bytes");
  FrameHeader header;
  header.metaBytes = numberAt<std::uint32_t>(bytes, 0);
  header.dataBytes = numberAt<std::uint32_t>(bytes, 4);
  const auto kind = numberAt<std::uint16_t>(bytes, 8);
  const auto flags = numberAt<std::uint16_t>(bytes, 10);
  header.number = numberAt<std::uint32_t>(bytes, 12);
  if (!isKind(kind)) return invalid(fmt::format("{} is no kind of frame", kind));
  if ((flags & ~kFlagFd) != 0) return invalid(fmt::format("frame flags {:#x} are unknown", flags));
  if (header.metaBytes > kFrameMetaBytes)
    return invalid(
        fmt::format("a frame with {} bytes of meta; 8 MiB are allowed", header.metaBytes));
  if (header.dataBytes > kFrameDataBytes)
    return invalid(
        fmt::format("a frame with {} bytes of data; 64 MiB are allowed", header.dataBytes));
  header.kind = static_cast<FrameKind>(kind);
  header.hasFd = (flags & kFlagFd) != 0;
  return header;
}

std::string frameHeader(const FrameHeader& header) {
  std::string out;
  append(out, header.metaBytes);
  append(out, header.dataBytes);
  append(out, static_cast<std::uint16_t>(header.kind));
  append(out, header.hasFd ? kFlagFd : std::uint16_t{0});
  append(out, header.number);
  return out;
}

FrameSocket::FrameSocket(UniqueFd socket, std::chrono::seconds patience)
    : socket_(std::move(socket)),
      patience_(patience) {
  if (patience_.count() == 0) return;
  const timeval stalled{patience_.count(), 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &stalled, sizeof stalled);
}

bool FrameSocket::send(FrameKind kind, std::uint32_t number, std::string_view meta,
                       std::string_view data, int fd) {
  if (meta.size() > kFrameMetaBytes || data.size() > kFrameDataBytes)
    throw std::length_error(
        fmt::format("{} and {} bytes are too much for a frame", meta.size(), data.size()));
  const std::string head =
      frameHeader({static_cast<std::uint32_t>(meta.size()), static_cast<std::uint32_t>(data.size()),
                   kind, fd >= 0, number});
  std::array<iovec, 3> parts{};
  const std::array<std::string_view, 3> texts{head, meta, data};
  for (std::size_t i = 0; i < parts.size(); ++i)
    parts[i] = {const_cast<char*>(texts[i].data()), texts[i].size()};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  if (fd >= 0) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(rights), &fd, sizeof fd);
  }
  const std::lock_guard lock(sending_);
  const auto begin = std::chrono::steady_clock::now();
  for (std::size_t left = head.size() + meta.size() + data.size();;) {
    const ssize_t sent = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return false;
    left -= static_cast<std::size_t>(sent);
    if (left == 0) return true;
    // The timeout of the socket begins anew with each byte that is read.
    const bool isBounded = patience_.count() > 0;
    if (isBounded && std::chrono::steady_clock::now() - begin > patience_) return false;
    message.msg_control = nullptr;  // it went with the first byte
    message.msg_controllen = 0;
    for (auto gone = static_cast<std::size_t>(sent); gone > 0;) {
      iovec& part = *message.msg_iov;
      const std::size_t step = std::min(gone, part.iov_len);
      part.iov_base = static_cast<char*>(part.iov_base) + step;
      part.iov_len -= step;
      gone -= step;
      if (part.iov_len == 0 && message.msg_iovlen > 1) ++message.msg_iov, --message.msg_iovlen;
    }
  }
}

/// Where the next bytes go; empty: it is whole.
std::span<char> FrameSocket::Coming::room() {
  if (!header) return std::span(head).subspan(got);
  const std::size_t ofMeta = std::min(got, frame.meta.size());
  if (ofMeta < frame.meta.size()) return std::span(frame.meta).subspan(ofMeta);
  return std::span(frame.data).subspan(got - ofMeta);
}

/// False: nothing is there (MSG_DONTWAIT).
Result<bool> FrameSocket::fill(std::span<char> room, int flags) {
  iovec part{room.data(), room.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  // Alignment makes room for a second descriptor in it, which the kernel would use.
  alignas(cmsghdr) char control[CMSG_SPACE(2 * sizeof(int))] = {};
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t size = 0;
  do {
    size = ::recvmsg(socket_.get(), &message, flags | MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return false;
  bool hasMore = (message.msg_flags & MSG_CTRUNC) != 0;
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    for (std::size_t at = CMSG_LEN(0); at + sizeof(int) <= c->cmsg_len; at += sizeof(int)) {
      int got = -1;
      std::memcpy(&got, reinterpret_cast<const char*>(c) + at, sizeof got);
      UniqueFd owned(got);
      hasMore = hasMore || coming_.frame.fd;
      if (!coming_.frame.fd) coming_.frame.fd = std::move(owned);
    }
  }
  if (size <= 0) return Error{ErrorKind::Unavailable, "the other side is gone", {}, {}};
  if (hasMore) return invalid("a frame brings one descriptor at most");
  coming_.got += static_cast<std::size_t>(size);
  return true;
}

/// The header is there.
Result<void> FrameSocket::announce() {
  const auto header = parseFrameHeader({coming_.head.data(), coming_.head.size()});
  if (!header) return header.error();
  coming_.header = *header;
  coming_.got = 0;
  coming_.frame.kind = header->kind;
  coming_.frame.number = header->number;
  coming_.frame.meta.resize(header->metaBytes);
  coming_.frame.data.resize(header->dataBytes);
  return {};
}

Result<std::optional<Frame>> FrameSocket::read(int flags) {
  for (;;) {
    const std::span<char> room = coming_.room();
    if (room.empty() && coming_.header) {
      if (coming_.header->hasFd != static_cast<bool>(coming_.frame.fd))
        return invalid("a frame's flags and its descriptor do not agree");
      std::optional<Frame> whole = std::move(coming_.frame);
      coming_ = {};
      return whole;
    }
    if (room.empty()) {
      if (auto ok = announce(); !ok) return ok.error();
      continue;
    }
    const auto isThere = fill(room, flags);
    if (!isThere) return isThere.error();
    if (!*isThere) return std::optional<Frame>();
  }
}

Result<Frame> FrameSocket::receive() {
  auto frame = read(0);
  if (!frame) return frame.error();
  if (!*frame) return Error{ErrorKind::Unavailable, "the other side is silent", {}, {}};
  return std::move(**frame);
}

Result<std::optional<Frame>> FrameSocket::take() {
  return read(MSG_DONTWAIT);
}

void FrameSocket::shutDown() {
  ::shutdown(socket_.get(), SHUT_RDWR);
}

}  // namespace planwright

#include "stages/frames.h"

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
  return (kind >= 1 && kind <= 9) || (kind >= 16 && kind <= 22) || (kind >= 32 && kind <= 36);
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
  for (std::size_t left = head.size() + meta.size() + data.size();;) {
    const ssize_t sent = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return false;
    left -= static_cast<std::size_t>(sent);
    if (left == 0) return true;
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

/// False at the end of the stream. A descriptor that comes along is kept in `fd`.
bool FrameSocket::readAll(char* to, std::size_t bytes, UniqueFd* fd) {
  while (bytes > 0) {
    iovec part{to, bytes};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t size = ::recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return false;
    for (cmsghdr* c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
      if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
      int got = -1;
      std::memcpy(&got, CMSG_DATA(c), sizeof got);
      fd->reset(got);
    }
    to += size;
    bytes -= static_cast<std::size_t>(size);
  }
  return true;
}

Result<Frame> FrameSocket::receive() {
  const Error gone{ErrorKind::Unavailable, "the other side is gone", {}, {}};
  Frame frame;
  std::array<char, kFrameHeaderBytes> bytes{};
  if (!readAll(bytes.data(), bytes.size(), &frame.fd)) return gone;
  const auto header = parseFrameHeader({bytes.data(), bytes.size()});
  if (!header) return header.error();
  if (header->hasFd != static_cast<bool>(frame.fd))
    return invalid("a frame's flags and its descriptor do not agree");
  frame.kind = header->kind;
  frame.number = header->number;
  frame.meta.resize(header->metaBytes);
  frame.data.resize(header->dataBytes);
  UniqueFd stray;
  if (!readAll(frame.meta.data(), frame.meta.size(), &stray) ||
      !readAll(frame.data.data(), frame.data.size(), &stray))
    return gone;
  return frame;
}

void FrameSocket::shutDown() {
  ::shutdown(socket_.get(), SHUT_RDWR);
}

}  // namespace planwright

#include "programs/keeper_protocol.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <sys/socket.h>
#include <sys/uio.h>

namespace planwright {
namespace {

constexpr std::size_t kMostFds = 16;

}  // namespace

Result<std::string> programText(const ProgramSpec& spec) {
  if (spec.argv.empty() || spec.argv[0].empty()) return invalid("no program to run was named");
  std::string text;
  const auto add = [&text](const std::string& word) {
    text += word;
    text += '\0';
    return word.find('\0') == std::string::npos;
  };
  bool isClean = add(spec.cwd.empty() ? "/" : spec.cwd);
  for (const std::string& word : spec.argv) isClean = add(word) && isClean;
  for (const std::string& word : spec.env) isClean = add(word) && isClean;
  if (!isClean)
    return invalid("cannot run '" + spec.argv[0] +
                   "': a word of its command line holds a NUL byte");
  return text;
}

Result<ProgramWords> splitProgramText(std::span<char> text, std::size_t argCount,
                                      std::size_t envCount) {
  std::vector<char*> words;
  for (auto at = text.begin(); at != text.end();) {
    const auto end = std::find(at, text.end(), '\0');
    if (end == text.end()) return invalid("a word has no end");
    words.push_back(&*at);
    at = end + 1;
  }
  if (argCount == 0 || words.size() != argCount + envCount + 1)
    return invalid("the number of words is wrong");
  ProgramWords parts;
  parts.cwd = words[0];
  const auto args = words.begin() + 1;
  const auto env = args + static_cast<std::ptrdiff_t>(argCount);
  parts.argv.assign(args, env);
  parts.argv.push_back(nullptr);
  parts.env.assign(env, words.end());
  parts.env.push_back(nullptr);
  return parts;
}

bool sendPacket(int socket, std::string_view head, std::string_view body, std::span<const int> fds,
                int flags) {
  iovec parts[2] = {{const_cast<char*>(head.data()), head.size()},
                    {const_cast<char*>(body.data()), body.size()}};
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = body.empty() ? 1 : 2;
  alignas(cmsghdr) char control[CMSG_SPACE(kMostFds * sizeof(int))] = {};
  if (!fds.empty()) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(fds.size_bytes());
    cmsghdr* rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(rights), fds.data(), fds.size_bytes());
  }
  for (;;) {
    if (::sendmsg(socket, &message, flags | MSG_NOSIGNAL) >= 0) return true;
    if (errno != EINTR) return false;
  }
}

Packet receivePacket(int socket, std::span<char> buffer, int flags) {
  iovec part{buffer.data(), buffer.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(kMostFds * sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t size = -1;
  do {
    size = ::recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  Packet packet;
  if (size < 0) packet.isNothing = errno == EAGAIN || errno == EWOULDBLOCK;
  if (size <= 0) return packet;
  packet.bytes = {buffer.data(), static_cast<std::size_t>(size)};
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    int fds[kMostFds];
    std::memcpy(fds, CMSG_DATA(c), count * sizeof(int));
    for (std::size_t i = 0; i < count; ++i) packet.fds.emplace_back(fds[i]);
  }
  return packet;
}

}  // namespace planwright

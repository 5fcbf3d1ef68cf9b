#include "support/http_client.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <system_error>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "http/headers.h"

namespace planwright {

std::string RawAnswer::header(const std::string& name) const {
  std::string_view rest = head;
  while (!rest.empty()) {
    const std::size_t end = rest.find("\r\n");
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 2);
    const std::size_t colon = line.find(": ");
    if (colon != std::string_view::npos && equalsIgnoringCase(line.substr(0, colon), name)) {
      return std::string(line.substr(colon + 2));
    }
  }
  return {};
}

RawClient::RawClient(int port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw std::system_error(errno, std::generic_category(), "connect");
  }
}

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

bool RawClient::receive(std::chrono::steady_clock::time_point until) {
  // Not less: who asks whether a time is over must not hear of its last part too early.
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
  pollfd ready{fd(), POLLIN, 0};
  if (left.count() < 0 || ::poll(&ready, 1, static_cast<int>(left.count())) <= 0) return false;
  std::array<char, 65536> buffer;  // NOLINT: filled by recv
  const ssize_t n = ::recv(fd(), buffer.data(), buffer.size(), 0);
  if (n <= 0) return false;
  pending_.append(buffer.data(), static_cast<std::size_t>(n));
  return true;
}

bool RawClient::waitFor(std::string_view text, std::chrono::milliseconds time) {
  const auto until = std::chrono::steady_clock::now() + time;
  std::size_t from = 0;
  while (pending_.find(text, from) == std::string::npos) {
    from = pending_.size() - std::min(pending_.size(), text.size());
    if (!receive(until)) return false;
  }
  return true;
}

RawAnswer RawClient::read(bool isHead) {
  RawAnswer answer;
  if (!waitFor("\r\n\r\n")) return answer;
  const std::size_t end = pending_.find("\r\n\r\n");
  answer.head = pending_.substr(0, end + 2);
  pending_.erase(0, end + 4);
  answer.status = std::atoi(answer.head.substr(9, 3).c_str());
  const bool isEmpty = isHead || answer.status == 204 || answer.status == 304;
  const std::string promised = isEmpty ? "0" : answer.header("Content-Length");
  if (promised.empty()) {
    answer.body = readAll();
    return answer;
  }
  const std::size_t size = std::stoull(promised);
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (pending_.size() < size && receive(until)) {
  }
  answer.isComplete = pending_.size() >= size;
  answer.body = pending_.substr(0, size);
  pending_.erase(0, size);
  return answer;
}

std::string RawClient::readAll(std::chrono::milliseconds time) {
  const auto until = std::chrono::steady_clock::now() + time;
  while (receive(until)) {
  }
  return std::exchange(pending_, {});
}

bool RawClient::isClosedWithin(std::chrono::milliseconds time) {
  const auto until = std::chrono::steady_clock::now() + time;
  while (receive(until)) {
  }
  return std::chrono::steady_clock::now() < until;
}

void RawClient::closeSending() {
  ::shutdown(fd(), SHUT_WR);
}

void RawClient::closeWithReset() {
  const linger now{1, 0};
  ::setsockopt(fd(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  socket_.reset();
}

void RawClient::setReceiveBuffer(int bytes) {
  ::setsockopt(fd(), SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

RawAnswer ask(int port, const std::string& requestLine, const std::string& fields,
              const std::string& body) {
  RawClient client(port);
  client.send(requestLine + " HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n" + body);
  return client.read(requestLine.starts_with("HEAD"));
}

}  // namespace planwright

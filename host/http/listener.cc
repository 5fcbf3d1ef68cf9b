#include "http/listener.h"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/loopback.h"

namespace planwright {

namespace {

struct HostPort {
  std::string host;
  int port = 0;
};

Result<HostPort> split(std::string_view address) {
  const std::size_t colon = address.rfind(':');
  HostPort parts;
  if (colon != std::string_view::npos) {
    const std::string_view port = address.substr(colon + 1);
    const char* end = port.data() + port.size();
    const auto [stopped, error] = std::from_chars(port.data(), end, parts.port);
    const bool isBracketed = address.front() == '[' && address[colon - 1] == ']';
    const bool isPlain = address.find(':') == colon && colon > 0;
    if (error == std::errc() && stopped == end && parts.port >= 0 && parts.port <= 65535 &&
        (isBracketed || isPlain)) {
      parts.host = address.substr(0, colon);
      return parts;
    }
  }
  return invalid("\"" + std::string(address) +
                 "\" is no address to listen on; write HOST:PORT or [IPv6]:PORT.");
}

int portOf(int socket) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length);
  if (address.ss_family == AF_INET6) {
    return ntohs(reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port);
  }
  return ntohs(reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
}

Error cannotListen(std::string_view address, const char* reason) {
  return {ErrorKind::Unavailable,
          "Cannot listen on " + std::string(address) + ": " + reason + ".",
          "cannot-listen",
          {}};
}

Result<Listener> listenOnTcp(std::string_view address) {
  const Result<HostPort> parts = split(address);
  if (!parts) return parts.error();
  std::string host = parts->host;
  if (host.front() == '[') host = host.substr(1, host.size() - 2);

  addrinfo wanted{};
  wanted.ai_family = AF_UNSPEC;
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int failure =
      ::getaddrinfo(host.c_str(), std::to_string(parts->port).c_str(), &wanted, &found);
  if (failure != 0) return cannotListen(address, ::gai_strerror(failure));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);

  UniqueFd socket(::socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int on = 1;
  constexpr int kBacklog = 1024;
  if (!socket || ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      ::bind(socket.get(), found->ai_addr, found->ai_addrlen) != 0 ||
      ::listen(socket.get(), kBacklog) != 0) {
    return cannotListen(address, std::strerror(errno));
  }
  const int port = portOf(socket.get());
  // A browser cannot open "every address of this machine".
  const bool isAny = parts->host == "0.0.0.0" || parts->host == "[::]";
  return Listener{
      std::move(socket),
      {},
      "http://" + (isAny ? std::string("127.0.0.1") : parts->host) + ":" + std::to_string(port),
      port};
}

}  // namespace

Result<Listener> listenOn(const ListenConfig& listen) {
  const auto path = unixPathOf(listen.address);
  if (!path) return listenOnTcp(listen.address);
  auto bound = listenOnUnix(*path, listen);
  if (!bound) return bound.error();
  return Listener{std::move(bound->socket), std::move(bound->name), listen.address, 0};
}

}  // namespace planwright

#include "http/peer_address.h"

#include <algorithm>
#include <array>

#include <arpa/inet.h>
#include <netinet/in.h>

namespace planwright {
namespace {

std::string textOf(int family, const void* raw) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(family, raw, text.data(), text.size());
  return text.data();
}

/// Of the process that connected to a unix socket.
std::string userOf(int socket) {
  ucred credentials{};
  socklen_t length = sizeof credentials;
  const bool isKnown = ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0;
  return isKnown ? "uid " + std::to_string(credentials.uid) : "unix";
}

std::string textOf(int socket, const sockaddr_storage& address, std::size_t keptBytes) {
  if (address.ss_family == AF_UNIX) return userOf(socket);
  if (address.ss_family != AF_INET6)
    return textOf(AF_INET, &reinterpret_cast<const sockaddr_in*>(&address)->sin_addr);
  in6_addr raw = reinterpret_cast<const sockaddr_in6*>(&address)->sin6_addr;
  constexpr std::size_t kMappedAt = 12;
  if (IN6_IS_ADDR_V4MAPPED(&raw)) return textOf(AF_INET, &raw.s6_addr[kMappedAt]);
  std::fill(std::begin(raw.s6_addr) + keptBytes, std::end(raw.s6_addr), std::uint8_t{0});
  return textOf(AF_INET6, &raw);
}

}  // namespace

std::string addressText(int socket, const sockaddr_storage& address) {
  return textOf(socket, address, sizeof(in6_addr));
}

std::string clientText(int socket, const sockaddr_storage& address) {
  return textOf(socket, address, sizeof(in6_addr) / 2);
}

}  // namespace planwright

#pragma once

#include <string>

#include <sys/socket.h>

namespace planwright {

/// Who is at the other end of a socket: "192.0.2.7", "2001:db8::7"; of an IPv4 client of an IPv6
/// socket as well its IPv4 address; "uid 1000" of a unix socket.
std::string addressText(int socket, const sockaddr_storage& address);

/// The same, but of IPv6 the first 64 bits: a single client has all the addresses that begin so.
std::string clientText(int socket, const sockaddr_storage& address);

}  // namespace planwright

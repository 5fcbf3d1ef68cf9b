#pragma once

#include <string>

#include <sys/socket.h>

namespace planwright {

/// "192.0.2.7", "2001:db8::7"; of an IPv4 client of an IPv6 socket as well its IPv4 address.
std::string addressText(const sockaddr_storage& address);

/// The same, but of IPv6 the first 64 bits: a single client has all the addresses that begin so.
std::string clientText(const sockaddr_storage& address);

}  // namespace planwright

#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

struct sockaddr;

namespace planwright {

/// An address of IPv6, or of IPv4 as IPv6 writes it (::ffff:192.0.2.1), so that both have one form.
using IpAddress = std::array<unsigned char, 16>;

/// nullopt: neither IPv4 nor IPv6.
std::optional<IpAddress> addressOf(const sockaddr& address);
/// "192.0.2.1", "2001:db8::1" or "::ffff:192.0.2.1". nullopt: it is none, perhaps a name.
std::optional<IpAddress> addressOf(std::string_view text);
std::string toText(const IpAddress& address);

/// Addresses with the same beginning: 10.0.0.0/8, fd00::/8; one address is a network of its own.
class AddressRange {
 public:
  static Result<AddressRange> parse(std::string_view text);
  bool has(const IpAddress& address) const;
  friend bool operator==(const AddressRange&, const AddressRange&) = default;

 private:
  IpAddress start_{};
  int bits_ = 128;
};

/// Of the public internet: neither this machine, nor a private network, nor one of those that the
/// registries of IANA keep for special use (RFC 6890), some of which lead to IPv4 addresses.
bool isPublic(const IpAddress& address);

}  // namespace planwright

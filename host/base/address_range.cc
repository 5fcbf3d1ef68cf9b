#include "base/address_range.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace planwright {

namespace {

constexpr std::array<unsigned char, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr int kMappedBits = 96;

bool isMapped(const IpAddress& address) {
  return std::equal(kMapped.begin(), kMapped.end(), address.begin());
}

IpAddress mapped(const in_addr& address) {
  IpAddress out{};
  std::copy(kMapped.begin(), kMapped.end(), out.begin());
  std::memcpy(out.data() + kMapped.size(), &address, sizeof address);
  return out;
}

/// The registries of special addresses, RFC 6890 and later. Of IPv6 only 2000::/3 is public at all.
const std::vector<AddressRange>& specialNetworks() {
  static const std::vector<AddressRange> all = [] {
    std::vector<AddressRange> networks;
    for (const char* text :
         {"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
          "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16",
          "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3", "2001::/23",
          "2001:db8::/32", "2002::/16", "3fff::/20"})
      networks.push_back(*AddressRange::parse(text));
    return networks;
  }();
  return all;
}

}  // namespace

std::optional<IpAddress> addressOf(const sockaddr& address) {
  if (address.sa_family == AF_INET)
    return mapped(reinterpret_cast<const sockaddr_in&>(address).sin_addr);
  if (address.sa_family != AF_INET6) return std::nullopt;
  IpAddress out{};
  std::memcpy(out.data(), &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr, out.size());
  return out;
}

std::optional<IpAddress> addressOf(std::string_view text) {
  const std::string whole(text);
  in_addr v4{};
  if (::inet_pton(AF_INET, whole.c_str(), &v4) == 1) return mapped(v4);
  IpAddress out{};
  if (::inet_pton(AF_INET6, whole.c_str(), out.data()) == 1) return out;
  return std::nullopt;
}

std::string toText(const IpAddress& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (isMapped(address))
    ::inet_ntop(AF_INET, address.data() + kMapped.size(), text, sizeof text);
  else
    ::inet_ntop(AF_INET6, address.data(), text, sizeof text);
  return text;
}

Result<AddressRange> AddressRange::parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = addressOf(text.substr(0, slash));
  const auto wrong = [&] {
    return invalid("\"" + std::string(text) +
                   "\" is no network; write one such as 10.0.0.0/8, fd00::/8 or 192.168.1.7");
  };
  if (!address) return wrong();
  AddressRange network;
  network.start_ = *address;
  if (slash == std::string_view::npos) return network;
  const int offset =
      isMapped(*address) && text.find(':') == std::string_view::npos ? kMappedBits : 0;
  const char* const end = text.data() + text.size();
  int bits = -1;
  const auto parsed = std::from_chars(text.data() + slash + 1, end, bits);
  if (parsed.ec != std::errc() || parsed.ptr != end || bits < 0 || bits > 128 - offset)
    return wrong();
  network.bits_ = bits + offset;
  return network;
}

bool AddressRange::has(const IpAddress& address) const {
  const auto whole = static_cast<std::size_t>(bits_ / 8);
  if (!std::equal(start_.begin(), start_.begin() + whole, address.begin())) return false;
  const int rest = bits_ % 8;
  return rest == 0 || (start_[whole] ^ address[whole]) >> (8 - rest) == 0;
}

bool isPublic(const IpAddress& address) {
  constexpr unsigned kGlobal = 0x20;  // 2000::/3
  if (!isMapped(address) && (address[0] & 0xe0U) != kGlobal) return false;
  const auto& special = specialNetworks();
  return std::none_of(special.begin(), special.end(),
                      [&](const AddressRange& each) { return each.has(address); });
}

}  // namespace planwright

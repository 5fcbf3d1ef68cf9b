#include "programs/network_routes.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <functional>
#include <system_error>

#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

namespace planwright {
namespace {

constexpr Prefix kLoopback{0x7f000000, 8};

std::uint32_t maskOf(int length) {
  return length == 0 ? 0 : ~std::uint32_t{0} << (32 - length);
}

[[noreturn]] void routesFailed(const char* what, int error = errno) {
  throw std::system_error(error, std::generic_category(), what);
}

/// The next answers from the kernel, one by one, until `take` says that it has enough.
void eachAnswer(int socket, const std::function<bool(const nlmsghdr&)>& take) {
  alignas(nlmsghdr) std::array<char, 32 * 1024> buffer;
  for (bool isEnough = false; !isEnough;) {
    const ssize_t size = ::recv(socket, buffer.data(), buffer.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) routesFailed("rtnetlink");
    auto left = static_cast<std::uint32_t>(size);
    for (auto* at = reinterpret_cast<nlmsghdr*>(buffer.data()); !isEnough && NLMSG_OK(at, left);
         at = NLMSG_NEXT(at, left)) {
      if (at->nlmsg_type == NLMSG_ERROR) {
        const int error = -static_cast<const nlmsgerr*>(NLMSG_DATA(at))->error;
        if (error != 0) routesFailed("rtnetlink", error);
      }
      isEnough = take(*at);
    }
  }
}

/// The attributes of a route.
template <class Take>
void eachAttribute(const rtattr* at, std::uint32_t left, const Take& take) {
  for (; RTA_OK(at, left); at = RTA_NEXT(at, left)) take(*at);
}

std::uint32_t addressIn(const rtattr& attribute) {
  std::uint32_t address = 0;
  if (RTA_PAYLOAD(&attribute) >= sizeof address)
    std::memcpy(&address, RTA_DATA(&attribute), sizeof address);
  return ntohl(address);
}

void addRoute(const nlmsghdr& message, Routes& routes) {
  const auto* route = static_cast<const rtmsg*>(NLMSG_DATA(&message));
  if (message.nlmsg_type != RTM_NEWROUTE || route->rtm_family != AF_INET) return;
  Prefix destination{0, route->rtm_dst_len};
  std::uint32_t table = route->rtm_table;
  const auto left = static_cast<std::uint32_t>(RTM_PAYLOAD(&message));
  eachAttribute(RTM_RTA(route), left, [&](const rtattr& one) {
    if (one.rta_type == RTA_DST) destination.address = addressIn(one);
    if (one.rta_type == RTA_TABLE) std::memcpy(&table, RTA_DATA(&one), sizeof table);
  });
  if (destination.overlaps(kLoopback) && destination.length >= kLoopback.length) return;
  if (route->rtm_type == RTN_LOCAL)
    routes.own.push_back(destination);
  else if (route->rtm_type == RTN_UNICAST && destination.length > 0)
    routes.others.push_back(destination);
  else if (route->rtm_type == RTN_UNICAST && table == RT_TABLE_MAIN)
    routes.hasDefault = true;
}

struct RouteRequest {
  nlmsghdr head{};
  rtmsg route{};
  rtattr attribute{};
  std::uint32_t address = 0;
};

}  // namespace

bool Prefix::overlaps(const Prefix& other) const {
  const std::uint32_t mask = maskOf(std::min(length, other.length));
  return (address & mask) == (other.address & mask);
}

std::string Prefix::text() const {
  return addressText(address) + "/" + std::to_string(length);
}

std::string addressText(std::uint32_t address) {
  char text[INET_ADDRSTRLEN] = {};
  const in_addr bytes{htonl(address)};
  ::inet_ntop(AF_INET, &bytes, text, sizeof text);
  return text;
}

RouteTable::RouteTable() : socket_(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)) {
  sockaddr_nl news{};
  news.nl_family = AF_NETLINK;
  news.nl_groups = RTMGRP_IPV4_ROUTE;
  if (!socket_ || ::bind(socket_.get(), reinterpret_cast<sockaddr*>(&news), sizeof news) != 0)
    routesFailed("rtnetlink");
}

Routes RouteTable::read() {
  RouteRequest request;
  request.head.nlmsg_len = NLMSG_LENGTH(sizeof(rtmsg));
  request.head.nlmsg_type = RTM_GETROUTE;
  request.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.head.nlmsg_seq = ++lastNumber_;
  request.route.rtm_family = AF_INET;
  if (::send(socket_.get(), &request, request.head.nlmsg_len, 0) < 0) routesFailed("rtnetlink");
  Routes routes;
  eachAnswer(socket_.get(), [&](const nlmsghdr& message) {
    if (message.nlmsg_seq != lastNumber_) return false;  // news
    addRoute(message, routes);
    return message.nlmsg_type == NLMSG_DONE;
  });
  return routes;
}

void RouteTable::awaitDefault() {
  Routes routes = read();
  if (routes.hasDefault) return;
  eachAnswer(socket_.get(), [&](const nlmsghdr& message) {
    addRoute(message, routes);
    return routes.hasDefault;
  });
}

void RouteTable::prohibit(const std::vector<Prefix>& prefixes) {
  for (const Prefix& prefix : prefixes) {
    RouteRequest request;
    request.head.nlmsg_len = sizeof request;
    request.head.nlmsg_type = RTM_NEWROUTE;
    request.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE;
    request.head.nlmsg_seq = ++lastNumber_;
    request.route.rtm_family = AF_INET;
    request.route.rtm_dst_len = static_cast<unsigned char>(prefix.length);
    request.route.rtm_table = RT_TABLE_MAIN;
    request.route.rtm_protocol = RTPROT_STATIC;
    request.route.rtm_scope = RT_SCOPE_UNIVERSE;
    request.route.rtm_type = RTN_PROHIBIT;
    request.attribute = {RTA_LENGTH(sizeof request.address), RTA_DST};
    request.address = htonl(prefix.address);
    if (::send(socket_.get(), &request, request.head.nlmsg_len, 0) < 0) routesFailed("rtnetlink");
    eachAnswer(socket_.get(), [&](const nlmsghdr& message) {
      return message.nlmsg_type == NLMSG_ERROR && message.nlmsg_seq == lastNumber_;
    });
  }
}

}  // namespace planwright

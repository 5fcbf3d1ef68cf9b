#include "programs/network_routes.h"

#include <algorithm>

#include <gtest/gtest.h>
#include <unistd.h>

namespace planwright::network_routes_test {
namespace {

TEST(Prefixes, OverlapIfOneHoldsTheOther) {
  const Prefix private10{0x0a000000, 8}, slirp{0x0a000200, 24}, one{0x0a000203, 32};
  EXPECT_TRUE(private10.overlaps(slirp));
  EXPECT_TRUE(slirp.overlaps(private10));
  EXPECT_TRUE(slirp.overlaps(one));
  EXPECT_FALSE(slirp.overlaps({0x0a000300, 24}));
  EXPECT_FALSE(one.overlaps({0x0a000204, 32}));
  EXPECT_TRUE((Prefix{0, 0}.overlaps(one)));
  EXPECT_EQ(slirp.text(), "10.0.2.0/24");
  EXPECT_EQ(addressText(0xa9fe0101), "169.254.1.1");
}

TEST(RouteTableTest, KnowsTheAddressesOfThisMachineWithoutItsLoopback) {
  const Routes routes = RouteTable().read();
  for (const Prefix& own : routes.own) EXPECT_FALSE(own.overlaps({0x7f000000, 8})) << own.text();
}

}  // namespace
}  // namespace planwright::network_routes_test

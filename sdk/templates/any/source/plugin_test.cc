#include <gtest/gtest.h>
#include <planwright/testing.hpp>

using pw::testing::FakeHost;

TEST(@CLASS@, SaysWhereTheNextLookBegins) {
  const auto* source = pw::testing::stage<pw_source>(planwright_module, PW_SOURCE);
  FakeHost host;
  const auto end = host.poll(*source, "99999999999");  // later than any file
  ASSERT_TRUE(end.ok()) << end.message;
  EXPECT_TRUE(host.emitted("input").empty());
  EXPECT_EQ(host.emitted("cursor").at(0), "99999999999");
  EXPECT_GT(end.nextPollMs, 0u);
}

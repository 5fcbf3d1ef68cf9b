#include <gtest/gtest.h>
#include <planwright/testing.hpp>

using pw::testing::FakeHost;

const pw_builder& builder() {
  return *pw::testing::stage<pw_builder>(planwright_module, PW_BUILDER);
}

TEST(@CLASS@, WritesAFileIntoTheWorkFolder) {
  FakeHost host;
  const std::string folder = ::testing::TempDir();
  const auto end = host.build(builder(), {.specJson = "{\"text\":\"hello\"}", .workdir = folder});
  ASSERT_TRUE(end.ok()) << end.message;
  EXPECT_TRUE(std::ifstream(folder + "/out.txt").good());
}

TEST(@CLASS@, RefusesAJobWithoutItsSpec) {
  FakeHost host;
  EXPECT_EQ(host.build(builder(), {.workdir = ::testing::TempDir()}).status, PW_REJECT);
}

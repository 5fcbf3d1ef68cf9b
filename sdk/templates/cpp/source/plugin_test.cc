#include <gtest/gtest.h>
#include <planwright/testing.hpp>

using pw::testing::FakeHost;
namespace fs = std::filesystem;

const pw_source& source() {
  return *pw::testing::stage<pw_source>(planwright_module, PW_SOURCE);
}

TEST(@CLASS@, FindsAFileOnce) {
  const fs::path folder = fs::path(::testing::TempDir()) / "@NAME@-source";
  fs::create_directories(folder);
  std::ofstream(folder / "a.txt") << "x";
  const std::string settings = "{\"path\":\"" + folder.string() + "\"}";

  FakeHost first, second;
  ASSERT_TRUE(first.poll(source(), {}, settings).ok());
  EXPECT_EQ(first.emitted("input").size(), 1u);
  ASSERT_TRUE(second.poll(source(), first.emitted("cursor").at(0), settings).ok());
  EXPECT_TRUE(second.emitted("input").empty());
  fs::remove_all(folder);
}

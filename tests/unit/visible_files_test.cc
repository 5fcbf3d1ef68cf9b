#include "programs/visible_files.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace planwright::visible_files_test {
namespace {

TEST(VisibleFiles, ThereAreTheSettingsOfThePythonOfThisMachine) {
  const auto version = std::filesystem::canonical("/usr/bin/python3").filename().string();
  const std::string settings = "/etc/" + version;
  if (!std::filesystem::exists(settings)) GTEST_SKIP() << "this Python keeps none in /etc";
  EXPECT_THAT(systemPaths(), testing::Contains(settings));
}

TEST(VisibleFiles, SecretsAreNotAmongThem) {
  for (const char* path : {"/etc", "/etc/shadow", "/home", "/root", "/var", "/srv", "/run"})
    EXPECT_THAT(systemPaths(), testing::Not(testing::Contains(path)));
}

}  // namespace
}  // namespace planwright::visible_files_test

#include "base/data_folder.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>

#include "base/files.h"
#include "support/temp_folder.h"

namespace planwright::data_folder_test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(DataFolder, KeepsItsIdForEver) {
  TempFolder temp;
  std::string id;
  {
    const auto folder = DataFolder::open(temp / "a" / "b");
    ASSERT_TRUE(folder) << folder.error().message;
    id = folder->id();
    EXPECT_EQ(id.size(), 36U);
  }
  EXPECT_EQ(DataFolder::open(temp / "a" / "b")->id(), id);
  EXPECT_NE(DataFolder::open(temp / "other")->id(), id);
}

TEST(DataFolder, HasOneOwnerWhoIsNamed) {
  TempFolder temp;
  const auto first = DataFolder::open(temp.path());
  ASSERT_TRUE(first);
  const auto second = DataFolder::open(temp.path());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::Conflict);
  EXPECT_THAT(second.error().message,
              HasSubstr("in use by another planwright (pid " + std::to_string(::getpid())));
}

TEST(DataFolder, WaitsForTheKeeperOfADeadOwner) {
  TempFolder temp;
  const UniqueFd keeper(::open((temp / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  ASSERT_EQ(::flock(keeper.get(), LOCK_EX), 0);
  writeAll(keeper.get(), "1 99999999999\n");  // process 1 lives, but it started at another time
  const auto tooEarly = DataFolder::open(temp.path(), 0ms);
  ASSERT_FALSE(tooEarly);
  EXPECT_THAT(tooEarly.error().message, HasSubstr("left running"));
  std::jthread ends([&] { ::flock(keeper.get(), LOCK_UN); });
  EXPECT_TRUE(DataFolder::open(temp.path(), 10s));
}

TEST(DataFolder, TellsWhereTheHostListens) {
  TempFolder temp;
  const auto folder = DataFolder::open(temp.path());
  folder->writeUrl("http://127.0.0.1:1");
  EXPECT_EQ(readFile(temp / "planwright.url"), "http://127.0.0.1:1\n");
  folder->removeUrl();
  EXPECT_FALSE(std::filesystem::exists(temp / "planwright.url"));
}

TEST(DataFolder, SaysWhyItCannotBeMade) {
  TempFolder temp;
  std::ofstream(temp / "file") << "x";
  const auto folder = DataFolder::open(temp / "file" / "data");
  ASSERT_FALSE(folder);
  EXPECT_THAT(folder.error().message, HasSubstr("cannot make the data folder"));
}

}  // namespace
}  // namespace planwright::data_folder_test

// What stages keep between calls, and how they see that files are still as they were.
#include <filesystem>
#include <functional>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "planwright/file_state.hpp"
#include "planwright/memory.hpp"
#include "planwright/plugin.hpp"
#include "planwright/testing.hpp"

#include "base/files.h"
#include "support/temp_folder.h"

namespace planwright::sdk_memory_test {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::Eq;
using testing::Optional;

/// Does in a call what the test wants.
class Doing {
 public:
  explicit Doing(const pw::Settings&) {}
  void plan(const pw::Input&, pw::Plan& plan, pw::Call& call) {
    plan.job("a");
    const auto doing = work;  // which may set another one
    doing(call);
  }
  static inline std::function<void(pw::Call&)> work;
};

class SdkMemory : public testing::Test {
 protected:
  /// In a call whose host gives it that folder and stops it at its n-th use of the host.
  static pw_status in(const fs::path& folder, std::function<void(pw::Call&)> work,
                      int cancelAt = 0) {
    pw::testing::FakeHost host;
    host.folder = folder.string();
    host.cancelAt = cancelAt;
    Doing::work = std::move(work);
    return host.plan(pw::Planner<Doing>::vtable, {}).status;
  }
  void keep(const std::string& kind, const std::string& key, const std::string& text) {
    in(folder.path(), [&](pw::Call& call) { pw::Memory(call).keep(kind, key, text); });
  }
  std::optional<std::string> find(const std::string& kind, const std::string& key) {
    std::optional<std::string> found;
    in(folder.path(), [&](pw::Call& call) { found = pw::Memory(call).find(kind, key); });
    return found;
  }
  TempFolder folder;
};

TEST_F(SdkMemory, ATextIsThereInTheNextCallUnderItsKindAndKey) {
  EXPECT_FALSE(find("answer", "a"));
  keep("answer", "a", "first");
  keep("answer", "a", "second\nwith a line");
  EXPECT_THAT(find("answer", "a"), Optional(Eq("second\nwith a line")));
  EXPECT_FALSE(find("answer", "b"));
  EXPECT_FALSE(find("other", "a"));
  in(folder.path(), [](pw::Call& call) { pw::Memory(call).forget("answer", "a"); });
  EXPECT_FALSE(find("answer", "a"));
}

TEST_F(SdkMemory, WithoutAFolderNothingIsKeptAndNobodyWaits) {
  const auto status = in({}, [](pw::Call& call) {
    pw::Memory memory(call);
    const auto turn = memory.turn("answer", "a", call), another = memory.turn("answer", "a", call);
    memory.keep("answer", "a", "text");
    EXPECT_FALSE(memory.find("answer", "a"));
  });
  EXPECT_EQ(status, PW_OK);
}

TEST_F(SdkMemory, AFileThatWasCutOrChangedIsNone) {
  for (const bool isCut : {true, false}) {
    keep("answer", "a", "some text");
    const fs::path file = fs::directory_iterator(folder.path())->path();
    std::string bytes = readFile(file);
    if (isCut)
      bytes.resize(bytes.size() / 2);
    else
      bytes.back() = 'X';
    replaceFile(file, bytes);
    EXPECT_FALSE(find("answer", "a"));
  }
}

TEST_F(SdkMemory, OneFindsOutWhatSeveralWantAndTheOthersWait) {
  in(folder.path(), [&](pw::Call& call) {
    pw::Memory memory(call);
    {
      const auto turn = memory.turn("answer", "a", call);
      const auto wait = [](pw::Call& other) { pw::Memory(other).turn("answer", "a", other); };
      EXPECT_EQ(in(folder.path(), wait, 4), PW_CANCELLED) << "it waits until it is stopped";
      const auto another = [](pw::Call& other) { pw::Memory(other).turn("answer", "b", other); };
      EXPECT_EQ(in(folder.path(), another), PW_OK);
      memory.keep("answer", "a", "text");
    }
    const auto next = [](pw::Call& other) {
      const pw::Memory shared(other);
      const auto turn = shared.turn("answer", "a", other);
      EXPECT_THAT(shared.find("answer", "a"), Optional(Eq("text")));
    };
    EXPECT_EQ(in(folder.path(), next), PW_OK);
  });
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 1) << "no turn is left";
}

TEST_F(SdkMemory, WhatWasOfNoUseForLongestMakesRoom) {
  const auto now = fs::file_time_type::clock::now();
  for (int age = 1; age <= 5; ++age) {
    const fs::path file = folder / ("old-" + std::to_string(age));
    replaceFile(file, "");
    fs::resize_file(file, 16 << 20);
    fs::last_write_time(file, now - std::chrono::hours(age));
  }
  keep("answer", "a", "text");
  std::vector<std::string> left;
  for (const auto& entry : fs::directory_iterator(folder.path()))
    if (entry.path().filename().string().starts_with("old-"))
      left.push_back(entry.path().filename());
  std::sort(left.begin(), left.end());
  EXPECT_THAT(left, ElementsAre("old-1", "old-2"));
  EXPECT_TRUE(find("answer", "a"));
}

TEST(SdkFileState, IsAnotherOnceAFileIsWrittenReplacedOrGone) {
  TempFolder folder;
  const std::string file = folder / "file", link = folder / "link";
  replaceFile(file, "one");
  fs::create_symlink(file, link);
  const auto first = pw::stateOfFile(file);
  EXPECT_EQ(pw::stateOfFile(link), first);
  EXPECT_EQ(pw::stateOfFile(file), first);
  const auto time = fs::last_write_time(file);
  replaceFile(folder / "new", "two");
  fs::last_write_time(folder / "new", time);
  fs::rename(folder / "new", file);
  const auto second = pw::stateOfFile(file);
  EXPECT_NE(second, first);
  fs::remove(file);
  EXPECT_EQ(pw::stateOfFile(file), "none");
  EXPECT_EQ(pw::stateOfFile(link), "none");
}

TEST(SdkFileState, OfAFolderIsThatOfItsFiles) {
  TempFolder folder;
  EXPECT_FALSE(pw::stateOfFolder(folder / "none"));
  replaceFile(folder / "b", "");
  replaceFile(folder / "a", "");
  const auto first = pw::stateOfFolder(folder.path());
  ASSERT_TRUE(first);
  EXPECT_THAT(first->names, ElementsAre("a", "b"));
  replaceFile(folder / "c.pyc", "");
  fs::create_directory(folder / "__pycache__");
  EXPECT_EQ(pw::stateOfFolder(folder.path())->text, first->text);
  fs::rename(folder / "b", folder / "c");
  EXPECT_NE(pw::stateOfFolder(folder.path())->text, first->text);
}

}  // namespace
}  // namespace planwright::sdk_memory_test

#include "base/trusted_file.h"

#include <atomic>
#include <chrono>
#include <filesystem>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/files.h"
#include "stages/program_plugin.h"
#include "support/temp_folder.h"

namespace planwright::trusted_file_test {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

/// Folders as an administrator has them, and one that anybody may write to.
class TrustedFileTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"ours", "ours/deep", "open", "theirs"})
      fs::create_directory(folder / name);
    replaceFile(folder / "ours/deep/plan.sh", "#!/bin/sh\n", 0755);
    ::chmod((folder / "open").c_str(), 0777);
  }
  std::string why(const fs::path& path) {
    const auto opened = openTrusted(path);
    return opened ? "" : opened.error().message;
  }

  TempFolder folder;
};

TEST_F(TrustedFileTest, OpensWhatOnlyWeCanChangeAndSaysWhereItIs) {
  const auto opened = openTrusted(folder / "ours/deep/plan.sh");
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ(readAll(opened->fd.get()), "#!/bin/sh\n");
  EXPECT_EQ(opened->path, fs::canonical(folder / "ours/deep/plan.sh"));
}

TEST_F(TrustedFileTest, FollowsLinksThatAreOurs) {
  fs::create_symlink("deep", folder / "ours/current");
  fs::create_symlink("../ours/./current/plan.sh", folder / "ours/plan");
  fs::create_directory_symlink(folder / "ours", folder / "absolute");
  for (const char* name : {"ours/current/plan.sh", "ours/plan", "absolute/plan"}) {
    const auto opened = openTrusted(folder / name);
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_EQ(opened->path, fs::canonical(folder / "ours/deep/plan.sh"));
  }
  fs::create_symlink("round", folder / "round");
  EXPECT_THAT(why(folder / "round"), HasSubstr("Too many levels"));
  EXPECT_THAT(why(folder / "ours/none"), HasSubstr("There is no file"));
  EXPECT_THAT(why(folder / "ours/deep/plan.sh/below"), HasSubstr("There is no file"));
}

TEST_F(TrustedFileTest, RefusesWhatOthersCouldReplaceWhereverOnTheWay) {
  fs::create_directories(folder / "open/below/ours");
  fs::rename(folder / "ours/deep/plan.sh", folder / "open/below/ours/plan.sh");
  EXPECT_THAT(why(folder / "open/below/ours/plan.sh"),
              AllOf(HasSubstr("/open can be written by others"), HasSubstr("chmod go-w")));
  fs::create_symlink(folder / "open/below/ours", folder / "ours/there");
  EXPECT_THAT(why(folder / "ours/there/plan.sh"), HasSubstr("/open can be written by others"));
  fs::create_symlink(folder / "ours/deep", folder / "open/link");
  EXPECT_THAT(why(folder / "open/link/plan.sh"), HasSubstr("/open can be written by others"));
  ::chmod((folder / "open").c_str(), 01777);  // as /tmp
  EXPECT_EQ(why(folder / "open/below/ours/plan.sh"), "");
  ::chmod((folder / "open/below/ours/plan.sh").c_str(), 0757);
  EXPECT_THAT(why(folder / "open/below/ours/plan.sh"), HasSubstr("plan.sh can be written by"));
}

TEST_F(TrustedFileTest, RefusesWhatBelongsToAnotherUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  ::chown((folder / "theirs").c_str(), 54321, 54321);
  replaceFile(folder / "theirs/plan.sh", "#!/bin/sh\n", 0755);
  EXPECT_THAT(why(folder / "theirs/plan.sh"),
              AllOf(HasSubstr("/theirs belongs to another user (uid 54321)")));
  fs::create_symlink(folder / "ours/deep", folder / "link");
  ::lchown((folder / "link").c_str(), 54321, 54321);
  EXPECT_THAT(why(folder / "link/plan.sh"), HasSubstr("/link belongs to another user"));
}

/// A name that leads to an honest program and to another one in turns. The check must never be of
/// the one and what is taken of the other.
TEST_F(TrustedFileTest, ALinkThatIsSwappedAllTheTimeBringsNoOtherProgramIn) {
  const fs::path evil = folder / "open/evil";
  fs::create_directory(evil);
  replaceFile(evil / "plan.sh", "#!/bin/sh\nexec evil\n", 0777);
  ::chmod((evil / "plan.sh").c_str(), 0777);
  const std::string honest = Digest::of(readFile(folder / "ours/deep/plan.sh")).text();
  const fs::path link = folder / "open/link", next = folder / "open/next";
  fs::create_directory_symlink(folder / "ours/deep", link);
  std::jthread swapper([&](const std::stop_token& stop) {
    for (bool isEvil = true; !stop.stop_requested(); isEvil = !isEvil) {
      fs::create_directory_symlink(isEvil ? evil : folder / "ours/deep", next);
      fs::rename(next, link);
    }
  });
  const ManifestReader reader;
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(2);
  while (std::chrono::steady_clock::now() < until && !HasFailure()) {
    const auto taken = readProgram(link / "plan.sh", reader);
    EXPECT_TRUE(!taken || taken->digest == honest) << "checked as one and read as the other";
    EXPECT_FALSE(unchangedProgram(link / "plan.sh", honest)) << "anybody may swap the link";
  }
}

}  // namespace
}  // namespace planwright::trusted_file_test

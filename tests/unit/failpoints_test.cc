#include "base/failpoints.h"

#include <filesystem>
#include <regex>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "base/files.h"
#include "base/unavailable.h"

namespace planwright::failpoints_test {
namespace {

class Failpoints : public testing::Test {
 protected:
  ~Failpoints() override { EXPECT_TRUE(turnOnFailpoints("")); }
};

TEST_F(Failpoints, AreOffUnlessAsked) {
  ASSERT_TRUE(turnOnFailpoints(""));
  EXPECT_FALSE(failpointsAreOn);
  EXPECT_NO_THROW(failpoint("push.before"));
}

TEST_F(Failpoints, FailFromTheNthTimeSoManyTimes) {
  ASSERT_TRUE(turnOnFailpoints("push.before=error@2x2"));
  EXPECT_NO_THROW(failpoint("push.before"));
  EXPECT_THROW(failpoint("push.before"), Unavailable);
  EXPECT_NO_THROW(failpoint("push.after")) << "only the named one is on";
  EXPECT_THROW(failpoint("push.before"), Unavailable);
  EXPECT_NO_THROW(failpoint("push.before"));
}

TEST_F(Failpoints, EndTheProcess) {
  ASSERT_TRUE(turnOnFailpoints("push.before=kill;push.after=error"));
  EXPECT_EXIT(failpoint("push.before"), testing::KilledBySignal(SIGKILL), "");
}

TEST_F(Failpoints, RefuseWhatTheyDoNotKnow) {
  for (const char* text : {"push.before", "push.before=explode", "push.beside=kill",
                           "push.before=kill@0", "push.before=pause:", "push.before=error@2xtwo"})
    EXPECT_FALSE(turnOnFailpoints(text)) << text;
  EXPECT_TRUE(turnOnFailpoints("*=log;push.before=pause:1x3;"));
}

TEST_F(Failpoints, EachNameOfTheTableStandsInTheProgram) {
  const std::regex call("failpoint\\(\"([^\"]+)\"\\)");
  std::set<std::string> used;
  namespace fs = std::filesystem;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(SOURCE_DIR) / "host")) {
    if (entry.path().extension() != ".cc") continue;
    const std::string text = readFile(entry.path());
    for (std::sregex_iterator at(text.begin(), text.end(), call), end; at != end; ++at)
      used.insert((*at)[1]);
  }
  EXPECT_EQ(used, std::set<std::string>(kFailpoints.begin(), kFailpoints.end()));
}

}  // namespace
}  // namespace planwright::failpoints_test

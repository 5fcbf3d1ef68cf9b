#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "config/stage_config.h"
#include "support/intake_fixture.h"

namespace planwright::intake_names_test {
namespace {

using namespace std::chrono_literals;

/// Which files an intake takes, by their names.
struct IntakeNames : IntakeFixture {};

using Texts = std::vector<std::string>;

TEST_F(IntakeNames, NamesThatAreNotUtf8AreRefusedOnce) {
  drop("bad\xff.txt", "A");
  notice("bad\xff.txt");
  EXPECT_EQ(onlyRefusal(), "bad\\xff.txt: its name is not UTF-8; rename it");
}

TEST_F(IntakeNames, SkipsHiddenFilesAndWhatThePatternDoesNotName) {
  restart({.pattern = "*.txt", .stableFor = 0ms});
  std::filesystem::create_directory(folder / "in/team");
  for (const char* name : {".a.txt", "team/a.txt", "a.md"}) drop(name, "A");
  EXPECT_EQ(contents(), Texts{"team/a.txt=A"});
}

/// Each was a dead letter.
TEST_F(IntakeNames, SkipsWhatProgramsLeave) {
  IntakeSettings settings;
  settings.stableFor = 0ms;
  settings.ignored = kLeftovers;
  restart(settings);
  const std::vector<std::string> left = {"a.txt~",
                                         "#a.txt#",
                                         ".#a.txt",
                                         "a.txt.bak",
                                         ".a.txt.swp",
                                         "a.txt.swp",
                                         "a.txt.swo",
                                         "a.txt.swx",
                                         "a.txt.crswap",
                                         "4913",
                                         "sub/4913",
                                         "~$a.xlsx",
                                         ".~lock.a.odt#",
                                         "~WRL0001.tmp",
                                         "A.TMP",
                                         "a.iso.part",
                                         "a.zip.crdownload",
                                         "a.iso.aria2",
                                         "a.zip.filepart",
                                         "a.avi.!qB",
                                         ".syncthing.a.txt.tmp",
                                         "~syncthing~a.txt.tmp",
                                         ".goutputstream-X1Y2Z3",
                                         "Thumbs.db",
                                         "thumbs.db",
                                         "sub/desktop.ini",
                                         "Desktop.ini",
                                         ".DS_Store",
                                         "._a.txt",
                                         "sub/core",
                                         "core.7",
                                         "core.31337",
                                         "vgcore.512",
                                         "hs_err_pid4711.log",
                                         "sh.exe.stackdump"};
  for (const char* below : {"sub", "core"})
    std::filesystem::create_directory(folder / "in" / below);
  for (const auto& name : left) {
    drop(name, "x");
    EXPECT_EQ(recorder.inputCount(), 0u) << name;
  }
  EXPECT_EQ(recorder.refusals().size(), 0u);
  const std::vector<std::string> mine = {
      "a.txt", "core.yaml", "core.2.plan.yaml", "core/a.txt", "score",       "4913.txt", "14913",
      "a.swf", "a.tmpl",    "download",         "part",       "coreutils.1", "bak"};
  for (const auto& name : mine) drop(name, name);
  std::vector<std::string> taken;
  for (const auto& input : recorder.inputs()) taken.push_back(input.name);
  EXPECT_EQ(taken, mine);
}

TEST_F(IntakeNames, WhatNoPlannerTakesIsNotedOnce) {
  IntakeSettings settings;
  settings.stableFor = 0ms;
  settings.planned = {"*.txt", "*.yaml"};
  restart(settings);
  for (int i = 0; i < 3; ++i) drop("photo.jpg", "x");
  EXPECT_EQ(onlyRefusal(), "photo.jpg: no planner of the queue takes a file of this name");
  EXPECT_EQ(recorder.inputCount(), 0u);
  drop("a.txt", "A");
  EXPECT_EQ(contents(), Texts{"a.txt=A"});
}

/// The API refuses them, too.
TEST_F(IntakeNames, NamesWithControlCharactersAreRefusedAndShownWithEscapes) {
  drop("a\nb\x1b[2J.txt", "A");
  EXPECT_EQ(onlyRefusal(), "a\\nb\\x1b[2J.txt: its name holds a control character; rename it");
  notice(std::string(256, 'n'));
  EXPECT_EQ(recorder.refusals().size(), 2u);
}

}  // namespace
}  // namespace planwright::intake_names_test

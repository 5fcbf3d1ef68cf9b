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
TEST_F(IntakeNames, SkipsWhatEditorsAndDownloadsLeave) {
  IntakeSettings settings;
  settings.stableFor = 0ms;
  settings.ignored = kLeftovers;
  restart(settings);
  for (const char* name : {"a.txt~", "#a.txt#", "a.iso.part", "a.zip.crdownload", "~$a.xlsx",
                           "Thumbs.db", "sub/desktop.ini", "a.txt.swo", "a.txt.bak", "a.iso.aria2"})
    notice(name);
  EXPECT_EQ(recorder.refusals().size(), 0u);
  drop("a.txt", "A");
  EXPECT_EQ(contents(), Texts{"a.txt=A"});
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

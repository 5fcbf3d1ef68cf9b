#include "model/output_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "support/temp_folder.h"

namespace planwright::output_files_test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

/// The names that the outputs find, or why not.
std::string found(const TempFolder& folder, const std::vector<std::string>& globs) {
  const auto files = outputFiles(folder.path(), globs);
  if (!files) return files.error().message;
  std::string names;
  for (const auto& file : *files) names += file.lexically_relative(folder.path()).string() + " ";
  return names;
}

TEST(OutputFiles, AreFoundAtAnyDepthAndInOrder) {
  const TempFolder folder;
  fs::create_directories(folder / "d" / "e");
  for (const char* name : {"d/f", "b", "d/e/g", "a"}) replaceFile(folder / name, "x");
  EXPECT_EQ(found(folder, {"**"}), "a b d/e/g d/f ");
  EXPECT_EQ(found(folder, {"*"}), "a b ");
  EXPECT_EQ(found(folder, {"d/*", "b"}), "b d/f ");
}

TEST(OutputFiles, AFolderSaysHowItsFilesAreNamed) {
  const TempFolder folder;
  fs::create_directories(folder / "dist");
  replaceFile(folder / "dist" / "x", "x");
  EXPECT_THAT(found(folder, {"dist"}), HasSubstr("names a folder, dist; write dist/** for"));
  EXPECT_THAT(found(folder, {"d*"}), HasSubstr("names a folder, dist; write d*/** for"));
  EXPECT_THAT(found(folder, {"nothing"}), HasSubstr("left no file that matches"));
}

/// These were taken for a broken machine: the job ran again, and its reason held paths of the host.
TEST(OutputFiles, WhatAJobMadeThereNeverThrows) {
  const TempFolder folder;
  fs::create_symlink("loop.txt", folder / "loop.txt");
  fs::create_symlink("two.txt", folder / "one.txt");
  fs::create_symlink("one.txt", folder / "two.txt");
  fs::create_symlink(std::string(4000, 'n'), folder / "long.txt");
  EXPECT_EQ(found(folder, {"*.txt"}), "long.txt loop.txt one.txt two.txt ");
  fs::path deep = folder.path();
  for (int i = 0; i < 14; ++i) deep /= std::string(250, 'd');
  std::error_code error;
  fs::create_directories(deep, error);
  ASSERT_FALSE(error);
  EXPECT_EQ(found(folder, {"*.txt"}), "long.txt loop.txt one.txt two.txt ");
  EXPECT_THAT(found(folder, {"**"}), HasSubstr("has a path of more than 3072 bytes"));
}

TEST(OutputFiles, EmptyFoldersAreNoFilesWhateverThePattern) {
  const TempFolder folder;
  fs::create_directories(folder / "d/e");
  for (const char* glob : {"**", "d/**"})
    EXPECT_THAT(found(folder, {glob}), HasSubstr("left no file that matches"));
}

}  // namespace
}  // namespace planwright::output_files_test

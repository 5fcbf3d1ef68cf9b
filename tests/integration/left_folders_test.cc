#include "queues/left_folders.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "support/line_fixture.h"

namespace planwright::left_folders_test {
namespace {

using testing::UnorderedElementsAre;

class LeftFolders : public LineFixture {
 protected:
  LeftFolders() {
    queue.sources.resize(2);
    queue.sources[0].plugin = "planwright.folder";
    queue.sources[1].plugin = "planwright.git";
    config.queues = {queue};
  }

  void keep(const std::string& name) {
    std::filesystem::create_directories(folder / "sources" / name);
    replaceFile(folder / "sources" / name / "kept", "something");
  }
  std::vector<std::string> kept() {
    removeLeftSourceFolders(folder / "sources", config, *connection);
    std::vector<std::string> left;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder / "sources"))
      if (entry.is_directory())
        left.push_back(entry.path().lexically_relative(folder / "sources").string());
    return left;
  }

  Config config;
};

TEST_F(LeftFolders, OfSourcesThatAreNotConfiguredGo) {
  for (const char* name : {"default/folder", "default/git-1", "default/git", "removed/git"})
    keep(name);
  EXPECT_THAT(kept(), UnorderedElementsAre("default", "default/folder", "default/git-1"));
}

TEST_F(LeftFolders, StayWhileInputsOfTheirQueueAreOpen) {
  for (const char* name : {"default/git", "removed/git"}) keep(name);
  record(*recorder(), "file", "content");
  connection->runText("update pending_inputs set queue = 'removed'");
  EXPECT_THAT(kept(), UnorderedElementsAre("default", "removed", "removed/git"));
  connection->runText("update pending_inputs set status = 'planned', queued_at = null");
  EXPECT_THAT(kept(), UnorderedElementsAre("default"));
}

TEST_F(LeftFolders, OfPlannersThatAreNotConfiguredGo) {
  config.queues[0].planners.resize(1);
  config.queues[0].planners[0].plugin = "planwright.wheels";
  for (const char* name : {"default/planwright.wheels", "default/planwright.npm", "removed/a.b"})
    std::filesystem::create_directories(folder / "planners" / name);
  removeLeftPlannerFolders(folder / "planners", config);
  EXPECT_TRUE(std::filesystem::exists(folder / "planners/default/planwright.wheels"));
  EXPECT_FALSE(std::filesystem::exists(folder / "planners/default/planwright.npm"));
  EXPECT_FALSE(std::filesystem::exists(folder / "planners/removed"));
}

TEST_F(LeftFolders, ThereMayBeNone) {
  std::filesystem::create_directories(folder / "sources");
  EXPECT_THAT(kept(), UnorderedElementsAre());
  removeLeftSourceFolders(folder / "nowhere", config, *connection);
}

}  // namespace
}  // namespace planwright::left_folders_test

#include "workers/stage_rooms.h"

#include <map>
#include <string>

#include <gmock/gmock.h>

namespace planwright::stage_rooms_test {
namespace {

using Mode = SandboxWish::Mode;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(StageRooms, ProgramsOfAPlannerAreConfinedUnlessTheFileSaysOtherwise) {
  PlannerConfig planner;
  const ProgramRoom room = roomOf(planner).programs;
  EXPECT_EQ(room.sandbox, Mode::Auto);
  EXPECT_EQ(room.network, Network::None);
  EXPECT_THAT(room.readable, IsEmpty());
  EXPECT_EQ(room.limits.memoryBytes, std::uint64_t{2} << 30);
  EXPECT_GT(room.limits.processes, 0U);
  EXPECT_GT(room.limits.openFiles, 0U);
  EXPECT_GT(room.limits.fileSizeBytes, 0U);
  EXPECT_GT(room.limits.diskBytes, 0U);

  planner.programs = {"require", Network::Outgoing, {"/srv"}};
  planner.limits.memoryBytes = 1000;
  const ProgramRoom chosen = roomOf(planner).programs;
  EXPECT_EQ(chosen.sandbox, Mode::Require);
  EXPECT_EQ(chosen.network, Network::Outgoing);
  EXPECT_THAT(chosen.readable, ElementsAre("/srv"));
  EXPECT_EQ(chosen.limits.memoryBytes, 1000U);

  planner.programs = {"none", Network::None, {}};
  EXPECT_EQ(roomOf(planner).programs.sandbox, Mode::None);
  EXPECT_EQ(roomOf(planner).programs.network, Network::Host);
}

TEST(StageRooms, AProcessHasTheLimitsOfItsPrograms) {
  PlannerConfig planner;
  SourceConfig source;
  for (const StageRoom& room : {roomOf(planner), roomOf(source, "{}", {})}) {
    EXPECT_EQ(room.limits.memoryBytes, std::uint64_t{2} << 30);
    EXPECT_EQ(room.limits.openFiles, 4096U);
    EXPECT_GT(room.limits.diskBytes, 0U);
  }
  source.limits.memoryBytes = 1000;
  source.limits.files = 77;
  EXPECT_EQ(roomOf(source, "{}", {}).limits.memoryBytes, 1000U);
  EXPECT_EQ(roomOf(source, "{}", {}).limits.openFiles, 77U);
}

TEST(StageRooms, BelowAStrictProcessProgramsAreAsStrict) {
  PlannerConfig planner;
  planner.programs.sandbox = "none";
  planner.workerSandbox.profile = "strict";
  EXPECT_EQ(roomOf(planner).programs.sandbox, Mode::Require);
  EXPECT_EQ(roomOf(planner).programs.network, Network::None);
  planner.workerSandbox.network = true;
  EXPECT_EQ(roomOf(planner).programs.network, Network::Outgoing);
}

TEST(StageRooms, ProgramsOfASourceSeeWhatItWatchesAndKeepWhatIsTheirs) {
  SourceConfig source;
  const ProgramRoom room = roomOf(source, R"({"path":"/srv/in"})", "/data/mine").programs;
  EXPECT_THAT(room.readable, ElementsAre("/srv/in"));
  EXPECT_THAT(room.writable, ElementsAre("/data/mine"));
  EXPECT_THAT(roomOf(source, R"({"path":"in","other":1})", {}).programs.readable, IsEmpty());
}

TEST(StageRooms, OnlyWhoWritesSoGivesAProcessTheRightsOfTheHost) {
  using Rights = StageRoom::Rights;
  for (const auto& [profile, rights] : std::map<std::string, Rights>{
           {"auto", Rights::Auto}, {"none", Rights::Host}, {"strict", Rights::Strict}}) {
    PlannerConfig planner;
    BuilderConfig builder;
    planner.workerSandbox.profile = builder.workerSandbox.profile = profile;
    EXPECT_EQ(roomOf(planner).rights, rights) << profile;
    EXPECT_EQ(roomOf(builder).rights, rights) << profile;
  }
  SourceConfig source;
  EXPECT_EQ(roomOf(source, "{}", {}).rights, Rights::Auto);
}

TEST(StageRooms, JobsOfABuilderHaveTheirSandboxFromItsSettings) {
  EXPECT_EQ(roomOf(BuilderConfig()).programs.sandbox, Mode::None);
  EXPECT_EQ(roomOf(BuilderConfig()).programs.network, Network::Outgoing);
}

}  // namespace
}  // namespace planwright::stage_rooms_test

#include "cli/cli.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <unistd.h>

#include "support/scripted_server.h"

namespace planwright::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

struct Ran {
  int code = -1;
  std::string out, err;
};

/// Runs the program against a scripted server.
class Cli : public testing::Test {
 protected:
  Ran run(std::vector<std::string> arguments) {
    std::ostringstream out, err;
    arguments.insert(arguments.end(), {"--server", server.url()});
    Ran ran;
    ran.code = cli::run(std::move(arguments), Terminal{out, err, false, false, false});
    ran.out = out.str();
    ran.err = err.str();
    return ran;
  }

  /// A file with this content, in a folder of this process (tests run in parallel).
  static std::string file(const std::string& name, const std::string& content) {
    const std::string folder = testing::TempDir() + "planwright-cli-" + std::to_string(getpid());
    std::filesystem::create_directories(folder);
    std::ofstream(folder + "/" + name) << content;
    return folder + "/" + name;
  }
  static void TearDownTestSuite() {
    std::filesystem::remove_all(testing::TempDir() + "planwright-cli-" + std::to_string(getpid()));
  }

  ScriptedServer server;
};

constexpr auto kPlans =
    R"({"items":[{"id":7,"queue":"default","filename":"requirements.txt","status":"ready_for_build","queued":false,"summary":{"jobs":12},"unchanged":{"since_plan":3,"message":"unchanged since plan 3"},"reason":{"code":"manual_mode","message":"Building is manual."}},{"id":8,"queue":"default","filename":"b.plan.yaml","status":"building","queued":true,"summary":{"jobs":3,"done":1},"reason":null}],"next_cursor":null,"total":2})";

TEST_F(Cli, ListsAsATableWithAWordForEveryStatus) {
  server.on("GET /api/plans?limit=50", kPlans);
  const Ran ran = run({"plans", "list"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(
      ran.out,
      "ID  QUEUE    FILE              STATUS           QUEUED  JOBS  UNCHANGED_SINCE  REASON\n"
      "7   default  requirements.txt  ready_for_build  no      0/12  3                Building "
      "is manual.\n"
      "8   default  b.plan.yaml       building         yes     1/3   -                -\n");
}

TEST_F(Cli, PrintsTheBodyUnchangedAsJsonAndOneItemPerLineAsJsonl) {
  server.on("GET /api/plans?limit=50", kPlans);
  EXPECT_EQ(run({"plans", "list", "-o", "json"}).out, std::string(kPlans) + "\n");
  EXPECT_EQ(run({"plans", "list", "-o", "name"}).out, "7\n8\n");
  EXPECT_THAT(run({"plans", "list", "-o", "jsonl"}).out, HasSubstr("}\n{\"id\":8,"));
}

TEST_F(Cli, ComparesPlansAsDiffDoes) {
  const auto on = [&](const std::string& to, const std::string& diff) {
    server.on("GET /api/plans/7/diff?to=" + to,
              "{\"from\":7,\"to\":" + to + ",\"diff\":" + diff + "}");
  };
  on("7", R"({"same":true,"added":[],"removed":[],"changed":[],"document":[]})");
  on("8", R"({"same":false,"added":["c"],"removed":["a"],"changed":[{"job":"b","fields":[)"
          R"({"pointer":"/cacheable","from":null,"to":true}]}],"document":[]})");
  const Ran same = run({"plans", "diff", "7", "7"}), differ = run({"plans", "diff", "7", "8"});
  EXPECT_EQ(same.code, 0) << same.err;
  EXPECT_EQ(same.out, "");
  EXPECT_EQ(differ.code, 1) << differ.err;
  EXPECT_EQ(differ.out, "- a\n+ c\n~ b\n    /cacheable  none -> true\n");
}

TEST_F(Cli, ReplaysStoredInputsThroughANewPlanner) {
  server.on(
      "GET /api/plans?limit=200&queue=q",
      R"({"items":[{"id":9,"pending_input_id":4,"filename":"d.txt","created_at":"2026-01-02T03:04:05Z"},)"
      R"({"id":8,"pending_input_id":3,"filename":"c.txt","created_at":"2026-01-02T03:04:05Z"},)"
      R"({"id":7,"pending_input_id":3,"filename":"c.txt","created_at":"2026-01-02T03:04:05Z"}],"next_cursor":null})");
  for (const char* input : {"3", "4"})
    server.on("GET /api/pending-inputs/" + std::string(input) + "/content", "x");
  server.on(
      "GET /api/plans/8/artifact",
      R"({"jobs":[{"id":"job-0"}],"planwright":{"planner":"planwright.noop-planner 0.0.9"}})");
  server.on("GET /api/plans/9/artifact", R"({"jobs":[],"planwright":{"planner":"another 1.0.0"}})");
  const std::vector<std::string> replay = {"plugin", "replay",
                                           BINARY_DIR "/plugins/noop_planner.so", "--queue", "q"};
  const auto with = [&](const std::string& jobs) {
    auto arguments = replay;
    arguments.insert(arguments.end(), {"--set", "jobs=" + jobs});
    return run(arguments);
  };
  const Ran same = with("1"), changed = with("2");
  EXPECT_EQ(same.code, 0) << same.err;
  EXPECT_EQ(same.out, "");
  EXPECT_THAT(same.err, HasSubstr("1 plans stay the same, 0 change, 0 fail, 1 could not"));
  EXPECT_EQ(changed.code, 1) << changed.err;
  EXPECT_EQ(changed.out, "plan 8  c.txt\n  + job-1\n");
}

TEST_F(Cli, ShowsOnlyTheColumnsAskedFor) {
  server.on("GET /api/plans?limit=50", kPlans);
  EXPECT_EQ(run({"plans", "list", "--columns", "id,summary.jobs", "--no-headers"}).out,
            "7  12\n8  3\n");
}

TEST_F(Cli, ListsAJobsNeedsWithCommas) {
  server.on("GET /api/jobs?limit=50",
            R"({"items":[{"id":3,"needs":["a","b"]},{"id":4,"needs":[]}],"next_cursor":null})");
  EXPECT_EQ(run({"jobs", "list", "--columns", "id,needs", "--no-headers"}).out, "3  a, b\n4  -\n");
}

TEST_F(Cli, FollowsTheCursorForAll) {
  server.on("GET /api/builds?limit=200&status=failed",
            R"({"items":[{"id":1}],"next_cursor":"a b","total":2})");
  server.on("GET /api/builds?limit=200&status=failed&cursor=a%20b",
            R"({"items":[{"id":2}],"next_cursor":null,"total":2})");
  const std::vector<std::string> command = {"builds", "list", "--all", "--status", "failed", "-o"};
  auto asName = command, asJson = command;
  asName.push_back("name");
  asJson.push_back("json");
  EXPECT_EQ(run(asName).out, "1\n2\n");
  EXPECT_EQ(run(asJson).out,
            "{\"items\":[{\"id\":1},{\"id\":2}],\"next_cursor\":null,\"total\":2}\n");
}

TEST_F(Cli, FollowsTheCursorOfShortPages) {
  server.on("GET /api/plans?limit=2&status=built",
            R"({"items":[],"next_cursor":"c1","total":1,"total_is_lower_bound":true})");
  server.on("GET /api/plans?limit=2&status=built&cursor=c1",
            R"({"items":[{"id":3},{"id":2}],"next_cursor":"c2","total":1})");
  const Ran ran = run({"plans", "list", "--limit", "2", "--status", "built", "--columns", "id"});
  EXPECT_EQ(ran.out, "ID\n3\n2\n");
  EXPECT_THAT(ran.err, HasSubstr("There are more"));
}

TEST_F(Cli, SaysWhyAnItemWaits) {
  constexpr auto kAnswer =
      R"({"items":[{"code":"queue_paused","message":"It is paused.","hint":"Resume the queue.","since":null}],"eligible":false,"position":4})";
  server.on("GET /api/plans/7/explain", kAnswer);
  const std::string table =
      "plan 7\nCODE          WHY            WHAT TO DO         SINCE\n"
      "queue_paused  It is paused.  Resume the queue.  -\n";
  EXPECT_EQ(run({"why", "plan", "7"}).out, table);
  EXPECT_EQ(run({"why", "plan/7"}).out, table);
  EXPECT_EQ(run({"plan", "7", "why"}).out, table);
  EXPECT_EQ(run({"why", "7"}).out, table) << "nothing else has this id";
  EXPECT_EQ(run({"why", "plan", "7", "-o", "json"}).out, std::string(kAnswer) + "\n");
  EXPECT_EQ(run({"why", "8"}).code, 3);
  EXPECT_EQ(run({"why", "cat", "7"}).code, 2);
}

TEST_F(Cli, SaysThatNothingKeepsAnItem) {
  server.on("GET /api/pending-inputs/7/explain", R"({"items":[],"eligible":true,"position":3})");
  EXPECT_EQ(run({"why", "input", "7"}).out,
            "input 7: nothing keeps it; a free worker takes it, 2 come first.\n");
}

TEST_F(Cli, ControlCharactersOfAFileNameDoNotReachTheTerminal) {
  server.on("GET /api/plans?limit=50",
            R"({"items":[{"id":1,"filename":"a\u001b[2Jb"}],"next_cursor":null})");
  EXPECT_THAT(run({"plans", "list", "--columns", "filename"}).out, HasSubstr("a\\x1b[2Jb"));
}

TEST_F(Cli, ExitCodesFollowTheAnswer) {
  const auto code = [&](int status) {
    server.on("GET /api/plans/1", {{status, R"({"title":"T","detail":"D"})", ""}});
    return run({"plans", "show", "1"}).code;
  };
  EXPECT_EQ(code(200), 0);
  EXPECT_EQ(code(400), 2);
  EXPECT_EQ(code(422), 2);
  EXPECT_EQ(code(404), 3);
  EXPECT_EQ(code(410), 3);
  EXPECT_EQ(code(401), 4);
  EXPECT_EQ(code(403), 4);
  EXPECT_EQ(code(409), 5);
  EXPECT_EQ(code(412), 5);
  EXPECT_EQ(code(503), 6);
  EXPECT_EQ(code(504), 7);
  EXPECT_EQ(code(500), 1);
}

TEST_F(Cli, WrongUsageIsExitCode2AndGoesToStderr) {
  for (const std::vector<std::string>& wrong : {std::vector<std::string>{"no-such-command"},
                                                {"plans"},
                                                {"mode", "plan", "sometimes"},
                                                {"plans", "list", "--limit", "0"},
                                                {"settings", "set", "x"},
                                                {"serve", "--listen", "80"}}) {
    const Ran ran = run(wrong);
    EXPECT_EQ(ran.code, 2) << wrong[0];
    EXPECT_EQ(ran.out, "");
    EXPECT_NE(ran.err, "");
  }
}

TEST_F(Cli, AWordThatIsNoCommandIsNamedWithTheNearest) {
  EXPECT_THAT(run({"statsu"}).err,
              HasSubstr("There is no command \"statsu\"; did you mean \"status\"?"));
  EXPECT_THAT(run({"plans", "frobnicate"}).err, HasSubstr("There is no command \"frobnicate\"."));
  EXPECT_THAT(run({"plans"}).err, HasSubstr("A subcommand is required"));
}

/// The first words of the lines that stand below `title` in a help.
std::vector<std::string> listed(const std::string& help, const std::string& title) {
  std::vector<std::string> words;
  std::istringstream lines(help);
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("  "))
      inside = line == title + ":";
    else if (inside)
      words.push_back(line.substr(2, line.find_first_of(" ,", 2) - 2));  // "dead-letters, dead"
  }
  return words;
}

// CLI11 2.4 ends the program before it begins when an argument is called "KEY=VALUE".
TEST_F(Cli, NoNameOfAnArgumentHasASignThatNewerVersionsOfCLI11Refuse) {
  std::vector<std::vector<std::string>> commands{{}};
  int arguments = 0;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    std::vector<std::string> asked = commands[i];
    asked.emplace_back("--help");
    const std::string help = run(asked).out;
    for (const std::string& name : listed(help, "Positionals")) {
      EXPECT_EQ(name.find_first_of("=:{"), std::string::npos) << testing::PrintToString(asked);
      ++arguments;
    }
    for (const std::string& name : listed(help, "Subcommands")) {
      commands.push_back(commands[i]);
      commands.back().push_back(name);
    }
  }
  EXPECT_GT(arguments, 30);
}

TEST_F(Cli, AServerThatIsNotThereIsExitCode6AndSaysHowToStartOne) {
  std::ostringstream out, err;
  const int code = cli::run({"status", "--server", "127.0.0.1:1"}, {out, err, false, false, false});
  EXPECT_EQ(code, 6);
  EXPECT_THAT(err.str(), HasSubstr("cannot reach http://127.0.0.1:1"));
  EXPECT_THAT(err.str(), HasSubstr("See: planwright serve"));
}

TEST_F(Cli, AFailureEndsWithTheNextCommand) {
  server.on(
      "POST /api/plans/9/enqueue-build",
      {{409,
        R"({"type":"/problems/already-building","title":"Already building","detail":"Plan 9 is building (build 10)."})",
        ""}});
  const Ran ran = run({"enqueue-build", "9"});
  EXPECT_EQ(ran.code, 5);
  EXPECT_EQ(ran.err, "planwright: Plan 9 is building (build 10).\nSee: planwright watch plan 9\n");
}

TEST_F(Cli, EnqueuesManyAndSaysWhichFailed) {
  server.on("POST /api/pending-inputs/1/enqueue-plan",
            {{202, R"({"queue":"plan_queue","position":3,"pending_input":{}})", ""}});
  server.on("POST /api/pending-inputs/2/enqueue-plan",
            {{409, R"({"detail":"Input 2 is planned."})", ""}});
  const Ran ran = run({"enqueue-plan", "1", "2", "--force"});
  EXPECT_EQ(ran.code, 8);
  EXPECT_EQ(ran.out, "input 1 queued in plan_queue, position 3\n");
  EXPECT_THAT(ran.err, HasSubstr("Input 2 is planned."));
  EXPECT_THAT(server.requests().front(), HasSubstr(R"({"force":true})"));
}

TEST_F(Cli, ChangesSettingsAndModes) {
  server.on("PATCH /api/settings", R"({"auto_plan":false})");
  server.on("PATCH /api/queues/wheels", R"({"auto_build":true})");
  EXPECT_EQ(run({"mode", "plan", "manual"}).code, 0);
  EXPECT_EQ(run({"mode", "build", "auto", "--queue", "wheels"}).code, 0);
  EXPECT_EQ(run({"settings", "set", "watch_dir=/srv/in", "auto_plan=false", "n=3"}).code, 0);
  EXPECT_THAT(
      server.requests(),
      ElementsAre(R"(PATCH /api/settings {"auto_plan":false})",
                  R"(PATCH /api/queues/wheels {"auto_build":true})",
                  R"(PATCH /api/settings {"watch_dir":"/srv/in","auto_plan":false,"n":3})"));
}

TEST_F(Cli, ReadsOneSetting) {
  server.on("GET /api/settings", R"({"auto_plan":true,"watch_dir":"/in"})");
  EXPECT_EQ(run({"settings", "get", "watch_dir"}).out, "/in\n");
  EXPECT_EQ(run({"settings", "get", "auto_plan", "-o", "json"}).out, "true\n");
  EXPECT_EQ(run({"settings", "get", "nothing"}).code, 3);
}

TEST_F(Cli, SubmitUploadsTheBytesAndPrintsTheId) {
  const std::string path = file("my req.txt", "flask\n");
  server.on("POST /api/pending-inputs?filename=my%20req.txt&queue=wheels",
            {{201, R"({"id":12,"status":"pending"})", ""}});
  const Ran ran = run({"submit", path, "--queue", "wheels"});
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.out, "12\n");
  EXPECT_THAT(server.requests().front(), HasSubstr(" flask\n"));
  EXPECT_EQ(run({"submit", "/no/such/file"}).code, 2);
  for (const char* option : {"--timeout", "--interval"}) {
    const Ran refused = run({"submit", "/no/such/file", option, "1s"});
    EXPECT_THAT(refused.err, HasSubstr("requires --wait")) << "alone it would change nothing";
  }
}

TEST_F(Cli, SubmitWaitFollowsTheFileToItsBuild) {
  const std::string path = file("r.txt", "x");
  server.on("POST /api/pending-inputs?filename=r.txt",
            {{201, R"({"id":12,"status":"pending"})", ""}});
  server.on("GET /api/pending-inputs/12",
            {{200, R"({"id":12,"status":"planning","plan_ids":[]})", ""},
             {200, R"({"id":12,"status":"planned","plan_ids":[4,5]})", ""}});
  server.on("GET /api/plans/5", {{200, R"({"id":5,"status":"ready_for_build","queued":true})", ""},
                                 {200, R"({"id":5,"status":"building"})", ""},
                                 {200, R"({"id":5,"status":"built"})", ""}});
  server.on("GET /api/plans/5/jobs?limit=200",
            R"({"items":[{"id":1,"name":"a","status":"succeeded"}]})");
  const Ran ran = run({"submit", path, "--wait", "--interval", "1ms"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out, "12\n");
  EXPECT_THAT(ran.err, HasSubstr("plan 5 is made. "));
  EXPECT_THAT(ran.err, HasSubstr("plan 5 is built"));
  EXPECT_THAT(ran.err, Not(HasSubstr("pip install"))) << "it left no wheels";
}

TEST_F(Cli, WatchingAPlanThatLeftWheelsSaysHowToInstallThem) {
  server.on("GET /api/plans/5", R"({"id":5,"status":"built","index_url":"/simple/team.x@5/"})");
  server.on("GET /api/plans/5/jobs?limit=200", R"({"items":[]})");
  const Ran ran = run({"watch", "plan", "5"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out, "plan 5 built\n");
  EXPECT_THAT(ran.err, HasSubstr("pip install --index-url " + server.url() + "/simple/team.x@5/ "));
}

TEST_F(Cli, SubmitWaitEndsWhereAPersonMustDecide) {
  const std::string path = file("r.txt", "x");
  server.on("POST /api/pending-inputs?filename=r.txt",
            {{201, R"({"id":12,"status":"pending"})", ""}});
  server.on("GET /api/pending-inputs/12", R"({"id":12,"status":"planned","plan_ids":[5]})");
  server.on(
      "GET /api/plans/5",
      R"({"id":5,"status":"ready_for_build","queued":false,"unchanged":{"since_plan":3,"message":"unchanged since plan 3"},"reason":{"code":"manual_mode","message":"Building is manual."}})");
  const Ran ran = run({"submit", path, "--wait", "--interval", "1ms"});
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.err, HasSubstr("plan 5 is made, unchanged since plan 3. See:"));
  EXPECT_THAT(ran.err, HasSubstr("Building is manual.\nSee: planwright enqueue-build 5\n"));
}

TEST_F(Cli, WatchReturnsTheOutcomeAndNamesTheLogsOfWhatFailed) {
  server.on(
      "GET /api/builds/3",
      {{200, R"({"id":3,"plan_id":5,"status":"building"})", ""},
       {200,
        R"({"id":3,"plan_id":5,"status":"failed","reason":{"code":"job_failed","message":"scipy failed."}})",
        ""}});
  server.on(
      "GET /api/builds/3/jobs?limit=200",
      {{200, R"({"items":[{"id":88,"name":"scipy","status":"running"}]})", ""},
       {200,
        R"({"items":[{"id":88,"name":"scipy","status":"failed","reason":{"message":"no OpenBLAS"}}]})",
        ""}});
  const Ran ran = run({"watch", "build", "3", "--interval", "1ms"});
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(ran.out, "build 3 failed\n");
  EXPECT_EQ(ran.err,
            "build 3: building\n"
            "  scipy: running\n"
            "build 3: failed\n"
            "  scipy: failed (no OpenBLAS)\n"
            "scipy failed: no OpenBLAS. See: planwright logs 88\n"
            "planwright: build 3 failed: scipy failed.\n"
            "See: planwright logs --plan 5 --failed\n");
  EXPECT_EQ(run({"watch", "build", "3", "--interval", "1ms", "--exit-zero"}).code, 0);
}

TEST_F(Cli, WatchGivesUpAfterItsTime) {
  server.on("GET /api/plans/5", R"({"id":5,"status":"building"})");
  server.on("GET /api/plans/5/jobs?limit=200", R"({"items":[]})");
  EXPECT_EQ(run({"watch", "plan", "5", "--interval", "1ms", "--timeout", "5ms"}).code, 7);
  server.on("GET /api/plans/5", R"({"id":5,"status":"ready_for_build","queued":true})");
  EXPECT_EQ(run({"watch", "plan", "5", "--interval", "1ms", "--wait-start", "5ms"}).code, 7);
}

TEST_F(Cli, WatchFailFastDoesNotWaitForTheOtherJobs) {
  server.on("GET /api/plans/5", R"({"id":5,"status":"building"})");
  server.on(
      "GET /api/plans/5/jobs?limit=200",
      R"({"items":[{"id":1,"name":"a","status":"failed"},{"id":2,"name":"b","status":"running"}]})");
  EXPECT_EQ(run({"watch", "plan", "5", "--fail-fast"}).code, 1);
}

TEST_F(Cli, PrintsLogsPageByPageByIdOrByPlanAndName) {
  server.on("GET /api/jobs/88/log?from=1&limit=2000",
            R"({"first_line":1,"total_lines":3,"complete":true,"lines":["one","two"]})");
  server.on("GET /api/jobs/88/log?from=3&limit=2000",
            R"({"first_line":3,"total_lines":3,"complete":true,"lines":[{"n":3,"text":"three"}]})");
  server.on(
      "GET /api/plans/5/jobs?limit=200",
      R"({"items":[{"id":88,"name":"sci-py","status":"failed"},{"id":89,"name":"b","status":"succeeded"}]})");
  EXPECT_EQ(run({"logs", "88"}).out, "one\ntwo\nthree\n");
  EXPECT_EQ(run({"logs", "5-sci-py"}).out, "one\ntwo\nthree\n");
  EXPECT_EQ(run({"logs", "5-nope"}).code, 3);
  server.on("GET /api/jobs/88",
            R"({"id":88,"attempts":[{"n":1,"class":"failed"},{"n":2,"class":null}]})");
  server.on("GET /api/jobs/88/log?from=1&limit=2000&attempt=1",
            R"({"first_line":1,"total_lines":1,"complete":true,"lines":["bad"]})");
  EXPECT_EQ(run({"logs", "--plan", "5", "--failed"}).out, "==> sci-py (job 88, failed) <==\nbad\n");
  server.on("GET /api/jobs/88/log?from=2&limit=1",
            R"({"first_line":2,"total_lines":3,"complete":true,"lines":["two"]})");
  EXPECT_EQ(run({"logs", "88", "--lines", "2-2"}).out, "two\n");
}

TEST_F(Cli, StatusSaysTheLineInWords) {
  server.on(
      "GET /api/queues",
      R"({"items":[{"name":"default","auto_plan":true,"auto_build":false,"plan":{"depth":6,"workers":2,"busy":2},"build":{"depth":0,"paused":true,"workers":2,"busy":0,"job_slots":2,"jobs_running":0},"inputs":{"pending":14,"failed":0},"plans":{"ready_for_build":7}}]})");
  EXPECT_EQ(run({"status"}).out,
            "queue default\n"
            "  inputs  14 pending\n"
            "  plan    auto, 6 waiting, 2 of 2 workers busy\n"
            "  plans   7 ready_for_build\n"
            "  build   manual, paused, 0 waiting, 0 of 2 workers busy, 0 of 2 job slots busy\n");
}

TEST_F(Cli, CancelPauseAndResumeAskTheServer) {
  server.on("POST /api/builds/3/cancel", {{202, "{}", ""}});
  server.on("POST /api/jobs/88/cancel", {{202, "{}", ""}});
  server.on("POST /api/pending-inputs/7/cancel", "{}");
  server.on("POST /api/queues/default/plan/pause", "{}");
  server.on("POST /api/queues/default/build/pause", "{}");
  server.on("POST /api/queues/default/build/resume", "{}");
  EXPECT_EQ(run({"cancel", "3"}).out, "build 3 is being cancelled\n");
  EXPECT_EQ(run({"cancel", "job", "88"}).out, "job 88 is being cancelled\n");
  EXPECT_EQ(run({"cancel", "input", "7"}).out, "input 7 is cancelled\n");
  EXPECT_EQ(run({"pause", "default"}).code, 0);
  EXPECT_EQ(run({"resume", "default", "build"}).code, 0);
  EXPECT_EQ(server.requests().size(), 6u);
}

TEST_F(Cli, DeadLettersAreAnsweredSinglyOrAllThatFit) {
  server.on("POST /api/dead-letters/4/requeue", "{}");
  EXPECT_EQ(run({"dead-letters", "requeue", "4"}).out, "dead letter 4 is requeued\n");
  server.on("POST /api/bulk-operations", R"({"matched":12,"eligible":12})");
  EXPECT_EQ(run({"dead", "discard", "--class", "bug", "--dry-run"}).out, "12 would be discarded\n");
  EXPECT_THAT(
      server.requests().back(),
      HasSubstr(
          R"({"action":"discard","target":"dead-letters","filter":{"class":"bug"},"dry_run":true})"));
  const Ran refused = run({"dead-letters", "requeue", "--all"});
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("12 dead letters fit; add --yes to requeue them"));
  server.on("POST /api/bulk-operations",
            {{200, R"({"matched":12})", ""}, {202, R"({"id":3,"status":"running"})", ""}});
  server.on("GET /api/bulk-operations/3", R"({"id":3,"status":"done","done":12})");
  EXPECT_EQ(run({"dead-letters", "requeue", "--all", "--yes"}).out, "12 of 12 are requeued\n");
  EXPECT_THAT(server.requests()[server.requests().size() - 2], HasSubstr(R"("expected":12)"));
  EXPECT_EQ(run({"dead-letters", "requeue"}).code, 2);
}

TEST_F(Cli, DeadLettersAreListedByCause) {
  server.on("GET /api/dead-letters/causes?queue=default",
            R"({"items":[{"count":40,"kind":"plan","class":"failed","cause":"c1","last_at":"x",)"
            R"("title":"scipy failed"}],"next_cursor":null,"total":1})");
  EXPECT_THAT(run({"dead-letters", "list", "--by-cause", "--queue", "default"}).out,
              HasSubstr("40     plan  failed  c1     x     scipy failed"));
}

TEST_F(Cli, PrintsAPartOfAPlan) {
  server.on("GET /api/plans/5/artifact", R"({"jobs":[]})");
  server.on("GET /api/plans/5", R"({"id":5,"status":"built","summary":{"jobs":2}})");
  EXPECT_EQ(run({"plan", "5", "artifact", "-o", "json"}).out, "{\"jobs\":[]}\n");
  EXPECT_EQ(run({"plan", "5"}).out,
            "id                    5\nstatus                built\nsummary.jobs          2\n");
}

}  // namespace
}  // namespace planwright::cli

#include "config/config_reader.h"

#include <gtest/gtest.h>

#include "base/files.h"

namespace planwright::config_reader_test {
namespace {

using namespace std::chrono_literals;

ReadConfig read(std::string_view text) {
  return readConfigText(text, "etc/team.yaml", "/srv/app");
}

std::string problemsOf(std::string_view text) {
  std::string all;
  for (const auto& problem : read(text).problems) all += problem.text() + "\n";
  return all;
}

TEST(ConfigReader, AnEmptyFileIsTheBuiltInConfiguration) {
  const ReadConfig result = read("");
  ASSERT_TRUE(result.ok()) << result.problems[0].text();
  const QueueConfig& queue = result.config.defaultQueue();
  EXPECT_EQ(queue.name, "default");
  EXPECT_EQ(queue.sources.at(0).settingsJson, R"({"path":"/srv/app/input"})");
  EXPECT_EQ(queue.planners.at(0).plugin, "planwright.wheels");
  EXPECT_EQ(queue.planners.at(0).match, "requirements*.txt");
  EXPECT_EQ(queue.planners.at(1).plugin, "planwright.recipe");
  EXPECT_EQ(queue.builder.plugin, "planwright.command");
  EXPECT_TRUE(queue.autoPlan);
  EXPECT_FALSE(queue.autoBuild);
  EXPECT_EQ(result.config.dataFolder, "/srv/app/.planwright");
  EXPECT_TRUE(result.config.dataFolderIsDefault);
}

constexpr auto kTwoQueues = R"(
listen: 127.0.0.1:0
data: ../data
redis: unix:run/redis.sock
postgres: postgresql://pw@db/pw
blobs: {folder: /srv/blobs}
plugins: {path: [plugins, /opt/plugins]}
locked: [watch_dir]
secrets: {pypi: {file: run/pypi}, OTHER: {env: OTHER_TOKEN}}
defaults:
  isolation: process
  planner: {deadline: 2min}
  retry: {attempts: 4, backoff: {first: 5s, factor: 2, max: 10min, jitter: 0.2}}
queues:
  wheels:
    auto_build: true
    source:
      plugin: planwright.folder
      settings: {path: ../drop}
      pattern: "requirements*.txt"
      stable_for: 500ms
      on_overwrite: latest
      max_bytes: 512MiB
    planner:
      - {match: "*.txt", plugin: org.example.wheels, workers: 4, settings: {python: 312, token: !secret pypi}}
      - {plugin: "exec:./plan.py", deadline: 10s, isolation: inproc}
    builder: {plugin: planwright.command, job_slots: 3, secrets: [pypi]}
    prune: {inputs: 30d, keep_last: 10}
    locked: [auto_plan]
  uploads:
    planner: {plugin: planwright.recipe}
)";

TEST(ConfigReader, ReadsEveryKeyOfAQueue) {
  const ReadConfig result = read(kTwoQueues);
  ASSERT_TRUE(result.ok()) << problemsOf(kTwoQueues);
  const Config& config = result.config;
  const QueueConfig& wheels = *config.queue("wheels");
  EXPECT_TRUE(wheels.autoBuild);
  EXPECT_EQ(wheels.sources[0].pattern, "requirements*.txt");
  EXPECT_EQ(wheels.sources[0].stableFor, 500ms);
  EXPECT_EQ(wheels.sources[0].onOverwrite, OnOverwrite::Latest);
  EXPECT_EQ(wheels.sources[0].maxBytes, 512 << 20);
  EXPECT_EQ(wheels.planners[0].plugin, "org.example.wheels");
  EXPECT_EQ(wheels.planners[0].settingsJson, R"({"python":312})");
  EXPECT_EQ(wheels.planners[0].secretSettings.at(0),
            (std::pair<std::string, std::string>("/token", "pypi")));
  EXPECT_EQ(wheels.planWorkers, 4);
  EXPECT_EQ(wheels.builder.jobSlots, 3);
  EXPECT_EQ(wheels.prune.inputs, 720h);
  EXPECT_TRUE(config.isLocked(wheels, "auto_plan"));
  EXPECT_TRUE(config.isLocked(wheels, "watch_dir"));
  EXPECT_FALSE(config.isLocked(*config.queue("uploads"), "auto_plan"));
  EXPECT_EQ(&config.defaultQueue(), &wheels);
}

TEST(ConfigReader, GivesAStageTheSecretsItNames) {
  const Config config = read(kTwoQueues).config;
  const std::map<std::string, SecretSource> granted{{"pypi", {"/srv/app/etc/run/pypi", ""}}};
  EXPECT_EQ(config.queue("wheels")->builder.secrets, granted);
  EXPECT_TRUE(config.queue("uploads")->builder.secrets.empty());
}

TEST(ConfigReader, AQueueNamesTheSecretThatNudgesAreSignedWith) {
  const char* text = R"(secrets: {HOOK: {env: HOOK}}
queues:
  a: {nudge_secret: HOOK}
)";
  const std::map<std::string, SecretSource> secret{{"HOOK", {{}, "HOOK"}}};
  EXPECT_EQ(read(text).config.queue("a")->nudgeSecret, secret);
  EXPECT_EQ(problemsOf(R"(secrets: {HOOK: {env: HOOK}}
queues:
  a: {nudge_secret: HOK}
)"),
            "etc/team.yaml:3:21: no secret is named HOK; did you mean HOOK?\n");
}

TEST(ConfigReader, ASettingThatIsASecretIsGivenToThePluginByTheNameOfTheSetting) {
  const Config config = read(kTwoQueues).config;
  const std::map<std::string, SecretSource> granted{{"token", {"/srv/app/etc/run/pypi", ""}}};
  EXPECT_EQ(config.queue("wheels")->planners[0].pluginSecrets, granted);
  EXPECT_TRUE(config.queue("wheels")->planners[0].secrets.empty());
  EXPECT_EQ(problemsOf("queues: {a: {planner: {plugin: x, settings: {token: !secret nope}}}}"),
            "etc/team.yaml:1:53: no secret is named nope; write it below secrets: at the top of "
            "the file\n");
}

TEST(ConfigReader, RefusesASecretThatIsNotThereOrHasNoPlace) {
  EXPECT_EQ(problemsOf(R"(secrets:
  TOKEN: {}
  my-key: {file: a, env: b}
queues:
  wheels:
    planner: {plugin: planwright.recipe}
    builder: {plugin: planwright.command, secrets: [TOKN]}
)"),
            "etc/team.yaml:2:10: secret TOKEN needs one of file: PATH and env: NAME\n"
            "etc/team.yaml:3:3: \"my-key\" is no name for a variable, which is how jobs see a "
            "secret; write one such as DEPLOY_TOKEN\n"
            "etc/team.yaml:3:11: secret my-key needs one of file: PATH and env: NAME\n"
            "etc/team.yaml:7:52: no secret is named TOKN; did you mean TOKEN?\n");
}

TEST(ConfigReader, TakesRelativePathsFromTheFolderOfTheFile) {
  const Config config = read(kTwoQueues).config;
  EXPECT_EQ(config.file, "/srv/app/etc/team.yaml");
  EXPECT_EQ(config.dataFolder, "/srv/app/data");
  EXPECT_FALSE(config.dataFolderIsDefault);
  EXPECT_EQ(config.redisUrl, "unix:/srv/app/etc/run/redis.sock");
  EXPECT_EQ(config.plugins.path[0], "/srv/app/etc/plugins");
  EXPECT_EQ(config.plugins.path[1], "/opt/plugins");
  EXPECT_EQ(config.queue("wheels")->sources[0].settingsJson, R"({"path":"/srv/app/drop"})");
  EXPECT_EQ(config.queue("wheels")->planners[1].plugin, "exec:/srv/app/etc/plan.py");
}

TEST(ConfigReader, MergesDefaultsIntoEveryQueueAndEveryStage) {
  const Config config = read(kTwoQueues).config;
  const QueueConfig& wheels = *config.queue("wheels");
  EXPECT_EQ(wheels.retry.attempts, 4);
  EXPECT_EQ(config.queue("uploads")->retry.attempts, 4);
  EXPECT_EQ(wheels.planners[0].deadline, 2min);
  EXPECT_EQ(wheels.planners[1].deadline, 10s);
  EXPECT_EQ(wheels.sources[0].isolation, "process");
  EXPECT_EQ(wheels.planners[1].isolation, "inproc");
  EXPECT_EQ(wheels.builder.isolation, "process");
}

TEST(ConfigReader, KnowsWhereEveryValueWasWritten) {
  const Config config = read(kTwoQueues).config;
  const StageConfig& planner = config.queue("wheels")->planners[0];
  EXPECT_EQ(config.placeOf(planner.settingsPointer("/python")).text(), "etc/team.yaml:25:85");
  EXPECT_EQ(config.placeOf(planner.settingsPointer("/not/there")).line, 25);
  EXPECT_EQ(config.placeOf("/queues/uploads/retry/attempts").line, 13) << "written under defaults:";
  EXPECT_EQ(builtInConfig("/x").placeOf("/queues/default/auto_plan").text(), "built-in default");
}

TEST(ConfigReader, ReportsEveryMistakeAtOnceInTheOrderOfTheFile) {
  EXPECT_EQ(
      problemsOf(R"(listen: 8470
queues:
  wheels:
    auto_plan: yes
    source: {plugin: planwright.folder, stabel_for: 2s, max_bytes: lots}
    planner: {plugin: "a b", workers: 0}
    builder: [1]
)"),
      "etc/team.yaml:1:9: \"8470\" is neither HOST:PORT nor unix:PATH; write one such as "
      "127.0.0.1:8470\n"
      "etc/team.yaml:4:16: auto_plan must be true or false, not \"yes\"\n"
      "etc/team.yaml:5:41: unknown key \"stabel_for\" in source of queue \"wheels\"; did you "
      "mean \"stable_for\"?\n"
      "etc/team.yaml:5:68: max_bytes: \"lots\" is not a size; write a number with B, KiB, MiB, "
      "GiB or TiB, such as 512MiB\n"
      "etc/team.yaml:6:23: \"a b\" is not a plugin id; write one such as planwright.recipe or "
      "exec:./planner.py\n"
      "etc/team.yaml:6:39: workers must be a whole number from 1 to 1000, not \"0\"\n"
      "etc/team.yaml:7:14: builder must be a map of keys and values, not a list\n");
}

TEST(ConfigReader, EveryClassOfFailureThatMayBeRetriedHasABudget) {
  const ReadConfig result =
      read("queues: {a: {retry: {attempts: 5, poison_after: 3, budgets: {timeout: 2, bug: 1}}}}");
  ASSERT_TRUE(result.ok()) << result.problems[0].text();
  const RetryConfig& retry = result.config.queues[0].retry;
  EXPECT_EQ(retry.budget(FailureClass::Infra), 4);
  EXPECT_EQ(retry.budget(FailureClass::Timeout), 2);
  EXPECT_EQ(retry.budget(FailureClass::Bug), 1);
  EXPECT_EQ(retry.budget(FailureClass::Failed), 0);
  EXPECT_EQ(retry.budget(FailureClass::Rejected), 0);
  EXPECT_EQ(retry.poisonAfter, 3);
  EXPECT_EQ(problemsOf(R"(queues:
  a:
    retry:
      poison_after: 0
      budgets: {timeouts: 1, limit: many, infra: 2, rejected: 1}
)"),
            "etc/team.yaml:4:21: poison_after must be a whole number from 1 to 1000, not \"0\"\n"
            "etc/team.yaml:5:17: unknown key \"timeouts\" in budgets; did you mean \"timeout\"?\n"
            "etc/team.yaml:5:37: limit must be a whole number from 0 to 100, not \"many\"\n"
            "etc/team.yaml:5:50: \"infra\" has its budget in retry.attempts, which counts all "
            "attempts\n"
            "etc/team.yaml:5:63: \"rejected\" is never tried again by itself\n");
}

TEST(ConfigReader, RefusesDuplicateKeysMergeKeysAndASecondDocument) {
  EXPECT_EQ(problemsOf("listen: a:1\nlisten: b:2\n"),
            "etc/team.yaml:2:1: key \"listen\" is here twice; remove one of them\n");
  EXPECT_NE(problemsOf("defaults: &d {}\nqueues:\n  a:\n    <<: *d\n").find("4:5: merge keys"),
            std::string::npos);
  EXPECT_NE(problemsOf("listen: a:1\n---\nlisten: b:2\n").find("a second document"),
            std::string::npos);
}

TEST(ConfigReader, RefusesAQuoteThatIsNeverClosed) {
  EXPECT_NE(problemsOf("data: \"/srv\nlisten: a:1\n").find("1:7: this quote"), std::string::npos);
  EXPECT_EQ(problemsOf("data: 'it''s'\n"), "");
}

TEST(ConfigReader, StopsAliasesThatExpandToBillions) {
  std::string text = "x0: &x0 [a,a,a,a,a,a,a,a,a,a]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string to = std::to_string(i), from = std::to_string(i - 1);
    text += "x" + to + ": &x" + to + " [*x" + from;
    for (int n = 0; n < 9; ++n) text += ", *x" + from;
    text += "]\n";
  }
  EXPECT_NE(problemsOf(text).find("more than 20000 values"), std::string::npos);
  EXPECT_NE(problemsOf("queues: &q\n  a: *q\n").find("nested deeper"), std::string::npos);
}

TEST(ConfigReader, TypesPlainScalarsByTheCoreSchema) {
  const ReadConfig result = read(
      "queues: {a: {planner: {plugin: x, settings: {o: 010, f: 1.5, q: \"1\", n: ~, y: yes, t: "
      "true, "
      "v: 1.2.3, d: 2024-01-01, s: +5, m: +-5, w: +nan(1)}}}}");
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(
      result.config.queues[0].planners[0].settingsJson,
      R"({"o":10,"f":1.5,"q":"1","n":null,"y":"yes","t":true,"v":"1.2.3","d":"2024-01-01","s":5,)"
      R"j("m":"+-5","w":"+nan(1)"})j");
}

// yaml-cpp's LoadAll never ends on it, and its Load takes it for an empty file.
TEST(ConfigReader, RefusesAStrayComma) {
  EXPECT_NE(problemsOf(",").find("1:1: not valid YAML: a comma"), std::string::npos);
  EXPECT_NE(problemsOf("\n,1\n,").find("2:1: not valid YAML: a comma"), std::string::npos);
}

TEST(ConfigReader, RefusesASecondDocument) {
  EXPECT_TRUE(read("# none\n").ok());
  EXPECT_TRUE(read("---\ndata: d\n...\n").ok());
  EXPECT_NE(problemsOf("---\n---\ndata: d\n").find("a second document"), std::string::npos);
}

TEST(ConfigReader, RefusesTextThatCannotBeStored) {
  EXPECT_NE(problemsOf("data: \"a\\0b\"\n").find("1:7: a text must not hold"), std::string::npos);
  EXPECT_NE(problemsOf("data: \xff\n").find("not a text file in UTF-8"), std::string::npos);
}

// yaml-cpp counts from behind it, so places were wrong and closed quotes seemed open.
TEST(ConfigReader, AByteOrderMarkIsNoPartOfTheFile) {
  const std::string mark = "\xEF\xBB\xBF";
  for (const char* text : {"data: 'd'\n", "data: \"d\"", ""})
    EXPECT_EQ(problemsOf(mark + text), problemsOf(text));
  EXPECT_NE(problemsOf(mark + "data: \"d\n").find("never closed"), std::string::npos);
}

// yaml-cpp takes 0x04 for the end of the file, so the rest was ignored.
TEST(ConfigReader, RefusesControlCharacters) {
  EXPECT_NE(problemsOf("data: d\n \x04\nqueues: {}\n").find("2:2: a control character"),
            std::string::npos);
  EXPECT_NE(problemsOf("data: \"\x1b[31m\"\n").find("1:8: a control"), std::string::npos);
}

TEST(ConfigReader, SurvivesFilesThatAreNoConfiguration) {
  for (const std::string& text :
       {std::string("- a\n- b\n"), std::string("just text"), std::string("\0\0", 2),
        std::string("a: [1, 2\nb: 3"), std::string("queues: {a: !!python/object:os.system x}"),
        std::string(2000, '['), std::string("? [a]\n: 1\n")})
    EXPECT_FALSE(read(text).ok()) << text.substr(0, 40);
  const ReadConfig missing = readConfigFile("no/such.yaml", "/");
  ASSERT_EQ(missing.problems.size(), 1u);
  EXPECT_NE(missing.problems[0].text().find("no/such.yaml"), std::string::npos);
}

TEST(ConfigReader, AcceptsTheFilesThatComeWithTheRepository) {
  for (const char* name : {"quickstart.yaml", "cluster.yaml"}) {
    const ReadConfig result = readConfigFile(std::string(SOURCE_DIR "/config/") + name, "/");
    EXPECT_TRUE(result.ok()) << name << ": " << result.problems[0].text();
  }
}

TEST(ConfigReader, EveryExampleOfTheReadmeIsAGoodFile) {
  const std::string readme = readFile(SOURCE_DIR "/host/config/README.md");
  int examples = 0;
  constexpr std::string_view kBegin = "```yaml\n";
  for (auto at = readme.find(kBegin); at != readme.npos; at = readme.find(kBegin, at)) {
    at += kBegin.size();
    const std::string example = readme.substr(at, readme.find("```", at) - at);
    EXPECT_EQ(problemsOf(example), "") << example;
    ++examples;
  }
  EXPECT_GT(examples, 10);
}

TEST(ConfigReader, NamesTheRolesWhenOneIsUnknown) {
  const auto roles = parseRoles("api,plan");
  ASSERT_TRUE(roles);
  EXPECT_TRUE(roles->api && roles->plan && !roles->intake && !roles->build && !roles->upkeep);
  EXPECT_NE(parseRoles("api,builder").error().message.find("the roles are"), std::string::npos);
}

}  // namespace
}  // namespace planwright::config_reader_test

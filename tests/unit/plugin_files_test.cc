#include "application/plugin_files.h"

#include <gtest/gtest.h>

#include "stages/registry.h"

namespace planwright::plugin_files_test {
namespace {

PluginFile plugin(const std::string& id, const std::string& stage, const std::string& schema) {
  PluginFile file;
  file.manifest.id = id;
  file.manifest.stages = {"planwright." + stage + "/1"};
  file.manifest.settingsSchemaJson = schema;
  return file;
}

/// Runs inside the host by itself.
PluginFile here(const std::string& id, const std::string& stage) {
  PluginFile file = plugin(id, stage, "{}");
  file.isBundled = true;
  file.manifest.exec.emplace();
  return file;
}

PluginFile alone() {
  PluginFile file = plugin("org.example.alone", "planner", "{}");
  file.manifest.inproc = false;
  return file;
}

std::string problems(std::string_view yaml) {
  static const std::vector<PluginFile> plugins = {
      plugin(
          "org.example.wheels", "planner",
          R"({"type":"object","additionalProperties":false,"properties":{"python":{"type":"integer","minimum":38}}})"),
      here("planwright.command", "builder"), here("org.example.here", "planner"), alone(),
      plugin("org.example.engine", "remote-builder", "{}")};
  const ReadConfig read = readConfigText(yaml, "team.yaml", "/");
  std::string text;
  for (const auto& problem : read.problems) text += problem.text() + "\n";
  for (const auto& problem : checkStages(read.config, plugins)) text += problem.text() + "\n";
  return text;
}

TEST(PluginFiles, AWrongSettingIsReportedWhereItIsWritten) {
  const std::string text = problems(
      "queues:\n"
      "  a:\n"
      "    source: {plugin: planwright.manual}\n"
      "    planner:\n"
      "      plugin: org.example.wheels\n"
      "      settings:\n"
      "        python: three\n");
  EXPECT_EQ(text.rfind("team.yaml:7:17: settings of org.example.wheels: ", 0), 0u) << text;
}

TEST(PluginFiles, AMissingPluginIsReportedWithTheNearestName) {
  EXPECT_EQ(problems("queues: {a: {planner: {plugin: org.example.wheel}}}"),
            "team.yaml:1:32: there is no plugin org.example.wheel; did you mean "
            "org.example.wheels?\n");
}

TEST(PluginFiles, APluginOfAnotherStageIsRefused) {
  EXPECT_EQ(problems("queues: {a: {planner: {plugin: planwright.command}}}"),
            "team.yaml:1:32: planwright.command is no planner\n");
}

TEST(PluginFiles, ABuilderMayBuildOnAnotherEngine) {
  EXPECT_EQ(problems("queues: {a: {planner: {plugin: org.example.wheels}, builder: {plugin: "
                     "org.example.engine}}}"),
            "");
  EXPECT_EQ(problems("queues: {a: {planner: {plugin: org.example.engine}}}"),
            "team.yaml:1:32: org.example.engine is no planner\n");
}

TEST(PluginFiles, WhatIsNotAPluginSaysWhy) {
  EXPECT_NE(readPluginFile("/no/such.so").error, "");
  EXPECT_NE(readPluginFile("/proc/self/maps").error, "");
  EXPECT_TRUE(readPluginFiles({"/no/such/folder"}).empty());
}

TEST(PluginFiles, KeysForAProcessAreRefusedWhereTheStageHasNone) {
  const auto planner = [](const std::string& keys) {
    return problems("queues: {a: {planner: {plugin: org.example.here, " + keys + "}}}");
  };
  EXPECT_EQ(planner("limits: {memory: 1GiB}"),
            "team.yaml:1:58: limits means nothing for org.example.here, which starts no programs "
            "and runs "
            "inside the host; write isolation: process\n");
  EXPECT_EQ(
      planner("readable: [/srv]"),
      "team.yaml:1:60: readable means nothing for org.example.here, which starts no programs; "
      "remove it\n");
  EXPECT_EQ(planner("worker_sandbox: {profile: strict}"),
            "team.yaml:1:66: worker_sandbox means nothing for org.example.here, which runs inside "
            "the host; write isolation: process\n");
  EXPECT_EQ(planner("isolation: process, limits: {memory: 1GiB}"), "");
  EXPECT_EQ(planner("isolation: process, worker_sandbox: {profile: strict, network: true}"),
            "team.yaml:1:86: worker_sandbox cannot give org.example.here the network, which its "
            "manifest does not ask for; remove network: true\n");
}

TEST(PluginFiles, ASandboxForAllStagesOfAQueueMustReachOneOfThem) {
  EXPECT_EQ(
      problems("queues: {a: {worker_sandbox: {profile: strict}, planner: {plugin: "
               "org.example.here}, builder: {isolation: inproc}}}"),
      "team.yaml:1:30: worker_sandbox means nothing here: no planner or builder of this queue "
      "runs in a process of its own; write isolation: process\n");
  EXPECT_EQ(problems("queues: {a: {worker_sandbox: {profile: strict}, planner: {plugin: "
                     "org.example.here}, builder: {isolation: process}}}"),
            "");
}

TEST(PluginFiles, AnIsolationThatTheManifestForbidsIsReported) {
  EXPECT_EQ(
      problems("queues: {a: {planner: {plugin: org.example.alone, isolation: inproc}}}"),
      "team.yaml:1:62: The manifest of org.example.alone does not let it run inside the host; "
      "write isolation: process.\n");
}

TEST(PluginFiles, ASecretThatIsGrantedInVainIsReported) {
  EXPECT_EQ(problems("secrets: {T: {env: T}}\n"
                     "queues: {a: {planner: {plugin: org.example.wheels, secrets: [T]}}}"),
            "team.yaml:2:61: org.example.wheels has no secret named T in its manifest, so it would "
            "never get it; remove it\n");
}

TEST(PluginFiles, ASettingsFormatIsHeld) {
  const std::string schema =
      R"({"type":"object","properties":{"files":{"type":"array","items":{"type":"string","x-format":"glob"}},"every":{"type":"string","x-format":"duration","default":"2s"}}})";
  EXPECT_TRUE(settingsWithDefaults(schema, R"({"files":["*.txt"],"every":"10min"})"));
  const auto glob = settingsWithDefaults(schema, R"({"files":["a","[a-"]})");
  ASSERT_FALSE(glob);
  EXPECT_EQ(glob.error().pointer, "/files/1");
  const auto duration = settingsWithDefaults(schema, R"({"every":"often"})");
  ASSERT_FALSE(duration);
  EXPECT_EQ(duration.error().pointer, "/every");
  for (const char* text : {"", "s", "2", "0s", "2 s", "1.5h", "9999999999s", "-1s"})
    EXPECT_FALSE(settingsWithDefaults(schema, std::string(R"({"every":")") + text + "\"}")) << text;
}

TEST(PluginFiles, ASecretThatThePluginNeverAsksForIsReported) {
  const std::string text = problems(
      "secrets: {T: {env: T}}\n"
      "queues: {a: {planner: {plugin: org.example.wheels, settings: {token: !secret T}}}}");
  EXPECT_NE(text.find("org.example.wheels has no secret named token in its manifest"),
            std::string::npos)
      << text;
}

}  // namespace
}  // namespace planwright::plugin_files_test

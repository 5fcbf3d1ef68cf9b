#include "application/plugin_files.h"

#include <gtest/gtest.h>

namespace planwright::plugin_files_test {
namespace {

PluginFile plugin(const std::string& id, const std::string& stage, const std::string& schema) {
  PluginFile file;
  file.manifest.id = id;
  file.manifest.stages = {"planwright." + stage + "/1"};
  file.manifest.settingsSchemaJson = schema;
  return file;
}

std::string problems(std::string_view yaml) {
  static const std::vector<PluginFile> plugins = {
      plugin(
          "org.example.wheels", "planner",
          R"({"type":"object","additionalProperties":false,"properties":{"python":{"type":"integer","minimum":38}}})"),
      plugin("planwright.command", "builder", "{}"),
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

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/embedded_files.h"
#include "base/json.h"
#include "stages/registry.h"
#include "support/stage_fakes.h"
#include "support/temp_folder.h"

namespace planwright::planner_recipe_test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

/// planwright.recipe through the real loader.
class Recipe : public testing::Test {
 protected:
  struct Host {
    TempFolder folder;
    ScriptedPrograms programs;
    Plugins plugins{{{BINARY_DIR "/plugins"}, folder.path() / "store", {}}, programs};
  };
  static void SetUpTestSuite() { host = std::make_unique<Host>(); }
  static void TearDownTestSuite() { host.reset(); }

  StageOutcome run(const std::string& yaml, const std::string& settings = "{}") {
    auto planner = host->plugins.planner("planwright.recipe", "q", settings);
    EXPECT_TRUE(planner) << planner.error().message;
    return (*planner)->plan({"1", "a.plan.yaml", "", "", "{}", yaml, 0, true, 1}, call);
  }
  std::string plan(const std::string& yaml, const std::string& settings = "{}") {
    const auto outcome = run(yaml, settings);
    EXPECT_FALSE(outcome.failure) << outcome.failure->message;
    const auto schema = JsonSchema::compile(embeddedFiles().at("sdk/schema/plan.schema.json"));
    const auto document = parseJson(outcome.text);
    EXPECT_TRUE(schema->validate(*document)) << outcome.text;
    return outcome.text;
  }
  std::string whyNot(const std::string& yaml) {
    const auto outcome = run(yaml);
    EXPECT_TRUE(outcome.failure) << outcome.text;
    if (!outcome.failure) return "";
    EXPECT_EQ(outcome.failure->kind, FailureClass::Rejected);
    return outcome.failure->message;
  }

  static inline std::unique_ptr<Host> host;
  FakeServices services;
  StageCall call{services};
};

TEST_F(Recipe, BecomesAPlanWithEveryField) {
  EXPECT_EQ(
      plan(R"(
jobs:
  greet: {command: ["sh", "-c", "echo hello > out.txt"], outputs: [out.txt]}
  shout:
    needs: [greet]
    command: |
      tr a-z A-Z < in.txt > loud.txt
    inputs: {in.txt: greet/out.txt, note: {text: "a # b"}}
    outputs: [loud.txt, "dist/*.whl"]
    env: {LANG: C.UTF-8, PORT: 80}
    timeout: 10min
    resources: {cpus: 1, memory: 512MiB, processes: 64}
    cacheable: true
)"),
      R"({"jobs":[{"id":"greet","spec":{"command":["sh","-c","echo hello > out.txt"]},"outputs":["out.txt"]},)"
      R"({"id":"shout","needs":["greet"],"spec":{"command":"tr a-z A-Z < in.txt > loud.txt\n","env":{"LANG":"C.UTF-8","PORT":"80"}},)"
      R"("inputs":{"in.txt":"greet/out.txt","note":{"text":"a # b"}},"outputs":["loud.txt","dist/*.whl"],)"
      R"("timeout_ms":600000,"resources":{"cpus":1,"memory":536870912,"processes":64},"cacheable":true}],"summary":{"jobs":2}})");
}

TEST_F(Recipe, AnInputFromAJobIsANeed) {
  EXPECT_THAT(plan("jobs:\n  a: {command: x, outputs: [f]}\n  b: {command: x, inputs: {f: a/f}}\n"),
              HasSubstr(R"("id":"b","needs":["a"])"));
}

TEST_F(Recipe, OnlyKnownVariablesAreReplaced) {
  EXPECT_THAT(plan("jobs: {a: {command: 'echo ${name} ${HOME} ${open'}}",
                   R"({"variables":{"name":"${x}","x":"no"}})"),
              HasSubstr("echo ${x} ${HOME} ${open"));
}

TEST_F(Recipe, MistakesAreNamedWithLineAndColumn) {
  EXPECT_THAT(whyNot("jobs:\n  a:\n    comand: x\n"),
              StartsWith("line 3, column 5: unknown key \"comand\" in the job a"));
  EXPECT_THAT(whyNot("jobs: {a: {command: x}}\njbos: 1\n"),
              StartsWith("line 2, column 1: unknown key \"jbos\""));
  EXPECT_THAT(whyNot("jobs:\n  a: {command: x}\n  a: {command: y}\n"),
              StartsWith("line 3, column 3: the key \"a\" stands twice"));
  EXPECT_THAT(whyNot("jobs:\n  a: [x\n  b: y\n"), HasSubstr("not valid YAML"));
  EXPECT_THAT(whyNot("jobs:\n  a: {command: x, timeout: 30}\n"),
              StartsWith("line 2, column 28: timeout is a time"));
  EXPECT_THAT(whyNot("jobs:\n  a: {command: x, resources: {memory: much}}\n"),
              HasSubstr("memory is a size"));
  EXPECT_THAT(whyNot("jobs:\n  a: {command: x, cacheable: yes}\n"), HasSubstr("true or false"));
  EXPECT_THAT(whyNot("jobs:\n  a b: {command: x}\n"), StartsWith("line 2, column 3: a job's name"));
  EXPECT_THAT(whyNot("jobs:\n  a:\n"), HasSubstr("needs at least a command"));
  EXPECT_THAT(whyNot("jobs:\n  a: {needs: []}\n"), HasSubstr("has no command"));
  EXPECT_THAT(whyNot("jobs:\n  a: {command: x, env: {A: }}\n"), HasSubstr("has no value"));
}

TEST_F(Recipe, TheGraphIsChecked) {
  EXPECT_THAT(whyNot("jobs:\n  a: {command: x, needs: [b]}\n"),
              StartsWith("line 2, column 27: the job a needs b, which is not in"));
  EXPECT_THAT(whyNot("jobs:\n  a: {command: x, needs: [a]}\n"), HasSubstr("needs itself"));
  EXPECT_THAT(
      whyNot("jobs:\n  s: {command: x}\n  a: {command: x, needs: [s, c]}\n  b: {command: x, needs: "
             "[a]}\n  c: {command: x, needs: [b]}\n"),
      StartsWith("line 3, column 3: the jobs wait for each other: a needs c needs b needs a"));
}

TEST_F(Recipe, PathsStayInTheJobsFolder) {
  for (const char* path : {"/etc/passwd", "../x", "a/../../x", "a//b", "./a", "\"\""}) {
    EXPECT_THAT(whyNot(std::string("jobs: {a: {command: x, inputs: {") + path + ": {text: y}}}}"),
                HasSubstr("leaves the job's folder"))
        << path;
    EXPECT_THAT(whyNot(std::string("jobs: {a: {command: x, outputs: [") + path + "]}}"),
                HasSubstr("leaves the job's folder"))
        << path;
  }
  EXPECT_THAT(whyNot("jobs: {a: {command: x, inputs: {f: sha256:12}}}"),
              HasSubstr("is not <job>/<output>"));
}

TEST_F(Recipe, WhatYamlCppLetsPassIsRefused) {
  EXPECT_THAT(whyNot("jobs: {a: {command: x}}\n---\njobs: {}\n"),
              HasSubstr("a second one starts here"));
  EXPECT_THAT(whyNot("jobs:\n  a:\n    command: \"x\n"), HasSubstr("never closed"));
  EXPECT_THAT(whyNot("jobs:\n  a: {<<: {command: x}}\n"), HasSubstr("merging with <<"));
  EXPECT_THAT(whyNot("jobs:\n  a: {command: !!python/object x}\n"), HasSubstr("tags such as"));
  EXPECT_THAT(whyNot(""), HasSubstr("empty"));
  EXPECT_THAT(whyNot("jobs: &x\n  a: *x\n"), HasSubstr("alias of itself"));
  EXPECT_THAT(whyNot(std::string(100'000, '[')), HasSubstr("deeper than 64 levels"));
}

/// yaml-cpp counts from behind it, so closed quotes seemed open.
TEST_F(Recipe, AByteOrderMarkIsNoPartOfIt) {
  const std::string mark = "\xEF\xBB\xBF";
  EXPECT_THAT(plan(mark + "jobs:\n  a: {command: ['echo', \"b\"]}\n"), HasSubstr("\"echo\",\"b\""));
  EXPECT_THAT(plan(mark + "jobs: {a: {command: 'b'}}"), HasSubstr("\"b\""));
  EXPECT_THAT(whyNot(mark + "jobs:\n  a:\n    command: \"b\n"), HasSubstr("never closed"));
}

TEST_F(Recipe, WhatIsNoTextIsTheRecipesFaultAndNamed) {
  EXPECT_THAT(whyNot("jobs:\n  a: {command: \"caf\xE9\"}\n"),
              StartsWith("line 2, column 20: the byte 0xE9 is not UTF-8"));
  EXPECT_THAT(whyNot("jobs: {a: {command: \"\xED\xA0\x80\"}}"), HasSubstr("is not UTF-8"));
  EXPECT_THAT(whyNot(std::string("jobs: {a: {command: x\0y}}", 26)), HasSubstr("byte 0x00"));
  EXPECT_THAT(whyNot("jobs: {a: {command: x}}\n\x04 jobs: {b: {command: y}}\n"),
              StartsWith("line 2, column 1: the byte 0x04"));
  EXPECT_THAT(whyNot(R"(jobs: {a: {command: "x\0y"}})"), HasSubstr("NUL"));
  EXPECT_THAT(whyNot(R"({"jobs": {"a": {"command": "x", "env": {"V": "\u0000"}}}})"),
              HasSubstr("NUL"));
}

TEST_F(Recipe, JsonMayWriteACharacterAsTwoEscapes) {
  EXPECT_THAT(plan(R"({"jobs": {"a": {"command": ["echo", "\ud83c\udf89 \\ud83c \u00e9"]}}})"),
              HasSubstr("\xF0\x9F\x8E\x89 \\\\ud83c \xC3\xA9"));
  EXPECT_THAT(plan("jobs: {a: {command: 'printf \"\\ud83c\\udf89\"'}}"),
              HasSubstr("\\\\ud83c\\\\udf89"))
      << "in YAML's single quotes they are what they are";
  EXPECT_THAT(whyNot(R"({"jobs": {"a": {"command": "\ud83c"}}})"), HasSubstr("not valid YAML"));
}

TEST_F(Recipe, InputsThatNoFolderHoldsTogetherAreNamed) {
  EXPECT_THAT(whyNot("jobs:\n  a:\n    command: x\n    inputs:\n      f: {text: x}\n"
                     "      f/g: {text: y}\n"),
              StartsWith("line 6, column 7: the input f is a file, so f/g cannot be below it"));
  EXPECT_THAT(whyNot("jobs: {a: {command: x, inputs: {d/e/f: {text: x}, d: {text: y}}}}"),
              HasSubstr("the input d is a file"));
  EXPECT_THAT(whyNot("jobs: {a: {command: x, outputs: [dist/]}}"), HasSubstr("write dist/**"));
}

/// These were planned, and failed with a message about a program that nobody had named.
TEST_F(Recipe, WhatNoProgramIsGivenIsRefusedWhenPlanned) {
  const std::string much(200'000, 'x');
  EXPECT_THAT(whyNot("jobs:\n  a: {command: '" + much + "'}\n"),
              StartsWith("line 2, column 3: the command of the job a has 200000 bytes"));
  EXPECT_THAT(whyNot("jobs: {a: {command: [x, '" + much + "']}}"), HasSubstr("a word of the"));
  EXPECT_THAT(whyNot("jobs: {a: {command: x, env: {V: '" + much + "'}}}"),
              HasSubstr("the variable V of the job a"));
  std::string many = "jobs: {a: {command: [x";
  for (int i = 0; i < 20; ++i) many += ", '" + much.substr(0, 100'000) + "'";
  EXPECT_THAT(whyNot(many + "]}}"), HasSubstr("1.5 MiB in all"));
}

/// These were planned, and then called a bug of the planner, since the host refuses such plans.
TEST_F(Recipe, WhatTheHostRefusesInAPlanIsTheRecipesFault) {
  const auto job = [](const std::string& more) { return "jobs: {a: {command: x, " + more + "}}"; };
  const std::string name(256, 'n');
  std::string deep = "d", many = "outputs: [o";
  for (int i = 0; i < 20; ++i) deep += "/" + std::string(200, 'd');
  for (int i = 0; i < 1000; ++i) many += ",o" + std::to_string(i);
  for (const std::string& more :
       {"inputs: {" + name + ": {text: x}}", "inputs: {? " + deep + " : {text: x}}",
        "inputs: {f: b/" + std::string(4200, 'p') + "}",
        "outputs: [" + std::string(4200, 'p') + "]", std::string("outputs: ['[']"),
        std::string("outputs: ['a\\b']"), std::string("outputs: ['[z-a]']"), many + "]",
        std::string("timeout: 366d"), std::string("timeout: 0s"),
        std::string("resources: {memory: 10000TiB}"), std::string("resources: {cpus: 5000}")})
    EXPECT_THAT(whyNot(job(more)), StartsWith("line 1, column ")) << more.substr(0, 100);
  plan(job("outputs: ['" + std::string(255, 'n') + "', '[a-z]*'], timeout: 365d"));
}

TEST_F(Recipe, AliasesThatExpandWithoutEndAreStopped) {
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last;
    for (int k = 0; k < 8; ++k) bomb += "," + last;
    bomb += "]\n";
  }
  EXPECT_THAT(whyNot(bomb), HasSubstr("expands to more than 200000 values"));
}

TEST_F(Recipe, WhatIsTooMuchIsRefusedBeforeItTakesMemory) {
  const auto many = [](std::string begin, const std::string& one, int count, std::string end) {
    for (int i = 0; i < count; ++i) begin += one;
    return begin + end;
  };
  const auto entries = HasSubstr("more than 200000 values; make several recipes");
  EXPECT_THAT(whyNot(many("jobs: [", "x,", 300'000, "x]")), entries);
  EXPECT_THAT(whyNot(many("jobs:\n", "- x\n", 300'000, "")), entries);
  EXPECT_THAT(whyNot(many("jobs:\n  {", "? x,", 300'000, "x: 1}")), entries);
  EXPECT_THAT(whyNot(many("[", "x,", 1'400'000, "x]")),
              StartsWith("line 1, column 1: the brackets"));
  EXPECT_THAT(whyNot(many("jobs:\n- a\n- &a ['b', \"]\", ", "don't,", 300'000, "x]")),
              StartsWith("line 3, column 1: the brackets"));
  EXPECT_THAT(whyNot(many("? {", "\"a\": 1,", 300'000, "b: 1}")), entries);
  EXPECT_THAT(whyNot(many("jobs: &a [[", "x,", 300'000, "x]]")), entries);
  EXPECT_THAT(whyNot(many("jobs: ", "[", 1'000'000, "")), entries);
  EXPECT_THAT(whyNot(many("jobs: ", "[", 70, "")), HasSubstr("deeper than 64 levels"));
  std::string texts = "jobs:\n";  // three that a program may be given
  for (const char* job : {"a", "b", "c"})
    texts += many(fmt::format("  {}:\n    command: |\n", job), "      {,,,,,,,,}\n", 11'000, "");
  EXPECT_FALSE(run(texts).failure) << "text is not counted";
}

TEST_F(Recipe, TheSameRecipeGivesTheSameBytes) {
  const std::string yaml = "jobs:\n  b: {command: x}\n  a: {command: y, needs: [b]}\n";
  EXPECT_EQ(plan(yaml), plan(yaml));
}

}  // namespace
}  // namespace planwright::planner_recipe_test

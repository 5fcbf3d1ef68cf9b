#include <cstdlib>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/embedded_files.h"
#include "support/wheels_fixture.h"

namespace planwright::planner_wheels_test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

class Wheels : public WheelsFixture {};

TEST_F(Wheels, OneJobForEachProjectTheResolverChooses) {
  const auto outcome = plan("Flask\nrequests\n");
  ASSERT_FALSE(outcome.failure) << outcome.failure->message << "\n" << outcome.failure->details;
  const auto document = parseJson(outcome.text);
  const auto schema = JsonSchema::compile(embeddedFiles().at("sdk/schema/plan.schema.json"));
  EXPECT_TRUE(schema->validate(*document)) << outcome.text;
  const auto& jobs = *find(*document, "jobs");
  EXPECT_GE(jobs.Size(), 12u);
  EXPECT_THAT(idsOf(outcome), testing::Contains("certifi"));
  EXPECT_EQ(outcome.text.find(index().string()), std::string::npos)
      << "a plan holds no machine paths";
  for (const auto& job : jobs.GetArray()) {
    const auto& input = *find(job, "inputs")->MemberBegin();
    EXPECT_TRUE(std::string_view(input.name.GetString()).ends_with(".tar.gz"));
    EXPECT_TRUE(services.blobs.contains(input.value.GetString()));
    EXPECT_TRUE(boolOr(job, "cacheable", false));
  }
}

TEST_F(Wheels, APlannedJobMakesItsWheelAndTwiceTheSameBytes) {
  const auto outcome = plan("six\n");
  ASSERT_FALSE(outcome.failure) << outcome.failure->message;
  const auto document = parseJson(outcome.text);
  const auto& job = (*find(*document, "jobs"))[0];
  const auto wheel = "six-" + versionOf("six") + "-py3-none-any.whl";
  EXPECT_EQ(Digest::of(readFile(build(job) / wheel)), Digest::of(readFile(build(job) / wheel)));
}

TEST_F(Wheels, AReadyMadeWheelIsOnlyCopied) {
  // A wheel of our own: built once, then found beside the archives.
  const auto made = plan("idna\n");
  const auto first = parseJson(made.text);
  std::filesystem::create_directory(folder / "wheels");
  for (const auto& file : std::filesystem::directory_iterator(build((*find(*first, "jobs"))[0])))
    if (file.path().extension() == ".whl") std::filesystem::copy(file.path(), folder / "wheels");
  const auto outcome = plan(
      "idna\n", R"({"find_links":[")" + (folder / "wheels").string() + R"("],"no_index":true})");
  ASSERT_FALSE(outcome.failure) << outcome.failure->message;
  const auto document = parseJson(outcome.text);
  const auto& job = (*find(*document, "jobs"))[0];
  const std::string wheel = "idna-" + versionOf("idna") + "-py2.py3-none-any.whl";
  EXPECT_THAT(outcome.text, HasSubstr(R"("command":["cp","wheel",")" + wheel + R"("])"));
  EXPECT_TRUE(std::filesystem::exists(build(job) / wheel));
}

TEST_F(Wheels, ARefusedFileHasPipsOwnReasonInOneSentence) {
  EXPECT_EQ(failureOf("nosuchproject\n").message,
            "pip: Could not find a version that satisfies the requirement nosuchproject (from "
            "versions: none)");
  EXPECT_EQ(
      failureOf("idna==99\n").message,
      "pip: Could not find a version that satisfies the requirement idna==99 (from versions: " +
          versionOf("idna") + ")");
  const auto syntax = failureOf("six\nidna foo bar\n");
  EXPECT_EQ(syntax.kind, FailureClass::Rejected);
  EXPECT_THAT(syntax.message, AllOf(StartsWith("pip: Invalid requirement: 'idna foo bar'"),
                                    testing::EndsWith(" (from line 2 of requirements.txt)")));
  EXPECT_THAT(syntax.details, HasSubstr("ERROR: Invalid requirement"));
}

TEST_F(Wheels, AConflictAndABrokenProjectAreExplained) {
  EXPECT_THAT(failureOf("choosy\nidna==" + versionOf("idna") + "\n").message,
              AllOf(StartsWith("pip: Cannot install"), HasSubstr("choosy 1.0 depends on idna<3")));
  EXPECT_EQ(failureOf("broken\n").message,
            "pip: Preparing metadata (pyproject.toml) did not run successfully: RuntimeError: no "
            "way (broken-1.0.tar.gz)");
}

TEST_F(Wheels, AWrongOrMissingHashIsNamed) {
  const std::string hash = std::string(64, '0');
  const std::string idna = "idna==" + versionOf("idna"), six = "six==" + versionOf("six");
  const auto wrong = failureOf(idna + " --hash=sha256:" + hash + "\n");
  EXPECT_EQ(wrong.kind, FailureClass::Rejected);
  EXPECT_THAT(wrong.message,
              StartsWith("pip: " + idna +
                         " does not have the hash that the file demands: expected sha256 " + hash +
                         ", got "));
  const auto archive = index() / ("idna-" + versionOf("idna") + ".tar.gz");
  const std::string right = Digest::of(readFile(archive)).text();
  EXPECT_EQ(
      failureOf(idna + " --hash=" + right + "\n" + six + "\n").message,
      "pip: a requirement with --hash demands one of all, also of what they need; without: " + six);
}

TEST_F(Wheels, AnIsolatedBuildIsGivenAllItNeedsAndMakesTheSameBytes) {
  const auto away = folder / "index";
  std::filesystem::copy(index(), away);
  const auto outcome = plan("native\n", isolated(away));
  ASSERT_FALSE(outcome.failure) << outcome.failure->message << "\n" << outcome.failure->details;
  std::filesystem::remove_all(away);  // the plan holds what it needs
  EXPECT_EQ(outcome.text.find(folder.path().string()), std::string::npos);
  const auto document = parseJson(outcome.text);
  const auto& job = (*find(*document, "jobs"))[0];
  std::vector<std::string> inputs;
  for (const auto& input : find(job, "inputs")->GetObject())
    inputs.emplace_back(input.name.GetString());
  const auto setuptools = versionOf("setuptools", "-py3-none-any.whl", "/usr/share/python-wheels");
  if (std::stoi(setuptools) < 70)  // it asks for wheel, which flit_core builds
    EXPECT_THAT(inputs, testing::UnorderedElementsAre(
                            "native-1.0.tar.gz", "build_wheel.py", StartsWith("build/setuptools-"),
                            StartsWith("build/wheel-"), StartsWith("build/flit_core-")));
  else
    EXPECT_THAT(inputs, testing::UnorderedElementsAre("native-1.0.tar.gz", "build_wheel.py",
                                                      StartsWith("build/setuptools-")));
  EXPECT_TRUE(boolOr(job, "cacheable", false));
  const auto made = [&] {
    for (const auto& file : std::filesystem::directory_iterator(build(job)))
      if (file.path().extension() == ".whl") return Digest::of(readFile(file.path())).text();
    return std::string("no wheel");
  };
  EXPECT_EQ(made(), made());  // C code too
}

/// What pip makes of the same archives in the environment of the job.
TEST_F(Wheels, AJobMakesTheBytesThatPipMakes) {
  const std::string all = "six\nidna\ntabulate\nchardet\nnative\nlegacy\nzipped\nloose\nintree\n";
  for (const auto& [settings, options] :
       {std::pair{local(), std::string("--no-build-isolation")},
        std::pair{isolated(), std::string("--find-links /usr/share/python-wheels")}}) {
    // hatchling and poetry-core are installed here and no archives
    const std::string names = settings == local() ? all : "idna\nnative\nlegacy\nloose\n";
    const auto outcome = plan(names, settings);
    ASSERT_FALSE(outcome.failure) << outcome.failure->message << "\n" << outcome.failure->details;
    const auto document = parseJson(outcome.text);
    std::map<std::string, std::string> made;
    std::string pip = "cd " + folder.path().string() + " && env";
    for (const auto& job : find(*document, "jobs")->GetArray()) {
      EXPECT_EQ(toJson(*find(job, "spec")).find("\"pip\""), std::string::npos);
      for (const auto& file : std::filesystem::directory_iterator(build(job)))
        if (file.path().extension() == ".whl")
          made[file.path().filename()] = Digest::of(readFile(file.path())).text();
    }
    const auto& job = (*find(*document, "jobs"))[0];
    for (const auto& each : find(*find(job, "spec"), "env")->GetObject())
      pip += std::string(" ") + each.name.GetString() + "=" + each.value.GetString();
    pip += " /usr/bin/python3 -m pip wheel -q --no-deps --no-index " + options + " -f " +
           index().string() + " -w pips " + joined(names) + " >&2";
    ASSERT_EQ(std::system(pip.c_str()), 0) << pip;
    std::map<std::string, std::string> pips;
    for (const auto& file : std::filesystem::directory_iterator(folder / "pips"))
      pips[file.path().filename()] = Digest::of(readFile(file.path())).text();
    std::filesystem::remove_all(folder / "pips");
    EXPECT_EQ(made.size(), idsOf(outcome).size());
    for (const auto& [name, digest] : pips) EXPECT_EQ(made[name], digest) << name;
  }
}

TEST_F(Wheels, AWheelThatIsNotWhatWasPlannedFailsItsJob) {
  const auto failure = failureOfFirstJob("changing\n");
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->message,
            "exited with 1: ERROR: the wheel of changing asks for other projects than the plan was "
            "made with: now also six; generate a new plan");
}

/// Its C code asks for a header that nobody has.
TEST_F(Wheels, AJobThatFailsSaysWhyInTheWordsOfTheBuild) {
  const auto failure = failureOfFirstJob("unbuildable\n");
  ASSERT_TRUE(failure);
  EXPECT_THAT(failure->message,
              AllOf(StartsWith("exited with 1: unbuildable.c:1:10: fatal error: no_such_header.h"),
                    testing::Not(HasSubstr("\n"))));
}

/// As `git archive` packs without --prefix. Its needs were not seen, and the job failed.
TEST_F(Wheels, ASourceArchiveWithoutATopFolderIsReadAsPipReadsIt) {
  const auto odd = folder / "odd";
  const std::string pack =
      "mkdir -p " + odd.string() + "/flat-1.0 && cd " + odd.string() +
      R"(/flat-1.0 && printf '%s\n' '[build-system]' )"
      R"('requires = ["setuptools", "six"]' )"
      R"('build-backend = "setuptools.build_meta"' > pyproject.toml && )"
      R"(printf '%s\n' '[metadata]' 'name = flat' 'version = 1.0' > setup.cfg && )"
      R"(printf 'Metadata-Version: 2.1\nName: flat\nVersion: 1.0\n' > PKG-INFO && )";
  for (const char* tar : {"tar -czf ../flat-1.0.tar.gz *", "zip -q ../flat-1.0.zip *",
                          "ln pyproject.toml a && tar -czf ../flat-1.0.tar.gz a p* P* s*",
                          "mv pyproject.toml a && ln -s a pyproject.toml && "
                          "tar -czf ../flat-1.0.tar.gz p* P* s* a",
                          "cd .. && tar -czf flat-1.0.tar.gz flat-1.0"}) {
    const std::string make = pack + tar + " && rm -r " + odd.string() + "/flat-1.0";
    if (std::system((make + " >&2").c_str()) != 0) continue;  // without zip
    const auto outcome =
        plan("flat\n", R"({"find_links":[")" + odd.string() + R"(",")" + index().string() +
                           R"(","/usr/share/python-wheels"],"no_index":true})");
    ASSERT_FALSE(outcome.failure) << outcome.failure->message << "\n" << outcome.failure->details;
    EXPECT_THAT(outcome.text, HasSubstr("\"build/six-")) << tar;
    for (const auto& file : std::filesystem::directory_iterator(odd))
      std::filesystem::remove_all(file);
  }
}

/// A wheel has `#!python` for whichever Python it is installed for.
TEST_F(Wheels, ABuildCanRunTheScriptsOfWhatItNeeds) {
  const auto archives = folder / "archives";
  const std::string make = R"(mkdir -p )" + archives.string() + R"(/asking-1.0 && cd )" +
                           archives.string() + R"( && python3 -c '
import zipfile
with zipfile.ZipFile("tool-1.0-py3-none-any.whl", "w") as out:
    out.writestr("tool-1.0.data/scripts/run-tool", "#!python\nprint(1)\n")
    info = "tool-1.0.dist-info/"
    out.writestr(info + "METADATA", "Metadata-Version: 2.1\nName: tool\nVersion: 1.0\n")
    out.writestr(info + "WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    out.writestr(info + "RECORD", "")
' && cd asking-1.0 && printf '%s
' '[build-system]' 'requires = ["setuptools", "tool"]' > pyproject.toml &&
printf '%s
' 'import subprocess' 'from setuptools import setup'   'setup(name="asking", version=subprocess.check_output(["run-tool"], text=True).strip())' > setup.py &&
cd .. && tar -czf asking-1.0.tar.gz asking-1.0 && rm -r asking-1.0)";
  ASSERT_EQ(std::system(make.c_str()), 0);
  const auto outcome =
      plan("asking\n", R"({"find_links":[")" + archives.string() + R"(",")" + index().string() +
                           R"(","/usr/share/python-wheels"],"no_index":true})");
  ASSERT_FALSE(outcome.failure) << outcome.failure->message << "\n" << outcome.failure->details;
  const auto document = parseJson(outcome.text);
  EXPECT_TRUE(
      std::filesystem::exists(build((*find(*document, "jobs"))[0]) / "asking-1-py3-none-any.whl"));
}

TEST_F(Wheels, AFolderInAnArchiveIsNotTakenForItsTop) {
  const auto archive = index() / ("six-" + versionOf("six") + ".tar.gz");
  const std::string top = folder / "two", file = folder / "two.tar.gz";
  const std::string make = "mkdir -p " + top + "/sub && tar -xzf " + archive.string() + " -C " +
                           top + "/sub --strip-components=1 && tar -xzf " + archive.string() +
                           " -C " + top + " --strip-components=1 && tar -czf " + file + " -C " +
                           folder.path().string() + " two";
  ASSERT_EQ(std::system(make.c_str()), 0);
  const std::string settings = R"({"find_links":[")" + folder.path().string() +
                               R"("],"no_index":true,"build_isolation":false,"allow":["file"]})";
  EXPECT_EQ(failureOf("six @ file://" + file + "#subdirectory=sub\n", settings).message,
            "six is in the folder sub of two.tar.gz; of an archive on this machine a plan can only "
            "build the top folder");
}

TEST_F(Wheels, APlanHoldsNothingOfWhereItWasMade) {
  std::filesystem::copy(index(), folder / "index");
  const auto first = plan("idna\n", isolated()),
             second = plan("idna\n", isolated(folder / "index"));
  ASSERT_FALSE(first.failure) << first.failure->message;
  EXPECT_EQ(first.text, second.text);
  const auto document = parseJson(first.text);
  const auto& summary = *find(*document, "summary");
  for (const char* name : {"pip", "python", "platform"}) EXPECT_NE(textOr(summary, name), "");
  EXPECT_EQ(textOr(summary, "index"), "none");
}

TEST_F(Wheels, ExtrasAndMarkersCount) {
  const auto outcome = plan("choosing[more]\nno-such-project; python_version < '3'\n");
  ASSERT_FALSE(outcome.failure) << outcome.failure->message;
  EXPECT_EQ(idsOf(outcome), (std::vector<std::string>{"choosing", "six"}));
  EXPECT_EQ(failureOf("six; python_version < '3'\n").message,
            "the file names no project that is for this Python and platform");
}

TEST_F(Wheels, EachPythonHasItsJobs) {
  // A second Python whose pip says that it is another version.
  const auto other = folder / "python3.99";
  const std::string version = pythonVersion(), name = "python" + version;
  replaceFile(other, "#!/bin/sh\n/usr/bin/python3 \"$@\" | sed 's/\"" + version + "/\"3.99/'\n");
  std::filesystem::permissions(other, std::filesystem::perms::owner_all);
  const std::string both = R"(,"python":[")" + name + R"(",")" + other.string() + R"("])";
  const auto outcome = plan("six\n", local(both));
  ASSERT_FALSE(outcome.failure) << outcome.failure->message;
  EXPECT_EQ(idsOf(outcome), (std::vector<std::string>{"six-py" + version, "six-py3.99"}));
  EXPECT_THAT(outcome.text, HasSubstr(R"("command":[")" + name + R"(",)"));
  EXPECT_THAT(outcome.text, HasSubstr(R"("command":[")" + other.string()));
  const std::string twice = R"(,"python":[")" + name + R"(","/usr/bin/python3"])";
  EXPECT_THAT(failureOf("six\n", local(twice)).message,
              HasSubstr(name + " and /usr/bin/python3, both Python " + version));
}

/// The code of an archive runs beside pip and can write another report in the place of pip's.
TEST_F(Wheels, OnlyArchivesThatTheSettingsShowAreTakenWhateverPipReports) {
  const auto forger = folder / "python3";
  for (const std::string path : {"/proc/self/environ", "/other/six.whl", "/usr/../six.whl"}) {
    const std::string hash = "s/\"\\(sha256\\|hash\\)\"/\"none\"/",
                      url = "s#\"url\": \"file:[^\"]*#\"url\": \"file://" + path + "#";
    replaceFile(forger, "#!/bin/bash\nset -o pipefail\n/usr/bin/python3 \"$@\" | sed '" + hash +
                            ";" + url + "'\n");
    std::filesystem::permissions(forger, std::filesystem::perms::owner_all);
    EXPECT_THAT(failureOf("six\n", local(R"(,"python":")" + forger.string() + "\"")).message,
                HasSubstr("is in no folder of find_links"));
  }
}

TEST_F(Wheels, AnIndexMayLinkToFilesThatItsProgramsSee) {
  std::filesystem::create_directories(folder / "simple/six");
  const std::string file = "six-" + versionOf("six") + ".tar.gz",
                    url = "file://" + index().string();
  replaceFile(folder / "simple/six/index.html",
              "<!DOCTYPE html><html><a href=\"" + url + "/" + file + "\">" + file + "</a></html>");
  const std::string settings = R"({"build_isolation":false,"index_url":"file://)";
  const auto outcome = plan("six\n", settings + (folder / "simple").string() + "\"}");
  EXPECT_THAT(outcome.text, HasSubstr("six")) << outcome.failure->message;
}

TEST_F(Wheels, ConstraintsCount) {
  EXPECT_EQ(failureOf("idna\n", local(R"(,"constraints":["idna<3"])")).kind,
            FailureClass::Rejected);
  const auto file = folder / "constraints.txt";
  replaceFile(file, "idna<3\n");
  const std::string more = R"(,"constraints_files":[")" + file.string() + R"("])";
  EXPECT_EQ(failureOf("idna\n", local(more)).kind, FailureClass::Rejected);
}

TEST_F(Wheels, WhatIsNotTheFilesFaultIsNotRejected) {
  const auto missing =
      host->plugins.planner("planwright.wheels", "q", local(R"(,"python":["python3.2"])"));
  EXPECT_EQ(missing.error().kind, ErrorKind::Invalid);
  EXPECT_THAT(missing.error().message,
              HasSubstr("the setting python names python3.2, which is not on this machine"));
  EXPECT_EQ(host->plugins.planner("planwright.wheels", "q", R"({"no_index":true})").error().kind,
            ErrorKind::Invalid);
  EXPECT_EQ(
      host->plugins.planner("planwright.wheels", "q", R"({"find_links":["here"]})").error().kind,
      ErrorKind::Invalid);
}

TEST_F(Wheels, AStoppedCallEndsPip) {
  call.stop(StopReason::User);
  EXPECT_EQ(failureOf("idna\n").kind, FailureClass::Cancelled);
}

}  // namespace
}  // namespace planwright::planner_wheels_test

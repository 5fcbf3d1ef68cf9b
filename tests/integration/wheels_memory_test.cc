#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <optional>
#include <set>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/wheels_fixture.h"

namespace planwright::wheels_memory_test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

/// A Python that notes each of its starts in the file `starts`.
class RememberingWheels : public WheelsFixture {
 protected:
  RememberingWheels() {
    std::filesystem::create_directories(folder / "python/bin");
    std::filesystem::create_directory(folder / "kept");
    services.folder = (folder / "kept").string();
    replaceFile(python, "#!/bin/sh\necho \"$*\" >> " + starts.string() +
                            "\nexec /usr/bin/python3 \"$@\"\n");
    std::filesystem::permissions(python, std::filesystem::perms::owner_all);
    std::filesystem::create_directory(archives);
    copy("six");
    copy("idna");
  }
  void copy(const std::string& project) {
    const std::string name = project + "-" + versionOf(project) + ".tar.gz";
    std::filesystem::copy(index() / name, archives / name);
  }
  std::string settings(const std::string& more = "") const {
    return R"({"find_links":[")" + archives.string() + R"("],"no_index":true,"python":")" +
           python.string() + R"(")" + (more.empty() ? R"(,"build_isolation":false)" : more) + "}";
  }
  /// The plan of `requirements`, and how often pip was started for it.
  std::pair<std::string, int> planned(const std::string& requirements,
                                      const std::string& more = "") {
    replaceFile(starts, "");
    const auto outcome = plan(requirements, settings(more));
    EXPECT_FALSE(outcome.failure) << outcome.failure->message << "\n" << outcome.failure->details;
    const std::string said = readFile(starts);
    int pips = 0;
    for (auto at = said.find(kPip); at != said.npos; at = said.find(kPip, at + 1)) ++pips;
    return {outcome.text, pips};
  }

  /// "six 1.16.0 sha256:..." of each archive that pip alone chooses; nothing: it refuses the file.
  std::optional<std::set<std::string>> pipAlone(const std::filesystem::path& file,
                                                const std::filesystem::path& traps, bool hasPage) {
    const std::string report = (folder / "report.json").string();
    const std::string command =
        "PIP_BREAK_SYSTEM_PACKAGES=1 PIP_CONFIG_FILE=/dev/null /usr/bin/python3 -m pip -q install "
        "--dry-run --ignore-installed --no-build-isolation --no-index -f " +
        (traps / "index").string() +
        (hasPage ? " -f file://" + (traps / "page.html").string() : "") + " --report " + report +
        " -r " + file.string() + " 2> " + (folder / "said").string();
    if (std::system(command.c_str()) != 0) return std::nullopt;
    std::set<std::string> out;
    const auto document = parseJson(readFile(report));
    for (const auto& item : find(*document, "install")->GetArray()) {
      const auto& from = *find(item, "download_info");
      std::string name = textOr(*find(item, "metadata"), "name");
      std::replace_if(
          name.begin(), name.end(), [](char c) { return c == '_' || c == '.'; }, '-');
      std::transform(name.begin(), name.end(), name.begin(),
                     [](unsigned char c) { return std::tolower(c); });
      out.insert(
          name + " " + textOr(*find(item, "metadata"), "version") + " " +
          Digest::of(readFile(textOr(from, "url").substr(std::string_view("file://").size())))
              .text());
    }
    return out;
  }
  /// The same of a plan.
  static std::set<std::string> chosenIn(const std::string& plan) {
    std::set<std::string> out;
    const auto document = parseJson(plan);
    for (const auto& job : find(*document, "jobs")->GetArray()) {
      const auto& spec = *find(job, "spec");
      out.insert(textOr(spec, "project") + " " + textOr(spec, "version") + " " +
                 find(job, "inputs")->MemberBegin()->value.GetString());
    }
    return out;
  }

  static constexpr const char* kPip = "ask_pip.py";
  const std::filesystem::path python = folder / "python/bin/python3";
  const std::filesystem::path starts = folder / "starts", archives = folder / "archives";
};

TEST_F(RememberingWheels, PipIsNotAskedAgainWhileNothingThatItReadsHasChanged) {
  const auto first = planned("six\nidna\n");
  EXPECT_EQ(first.second, 1);
  EXPECT_EQ(planned("# another comment\nsix  # and one more\n\n  idna\n"),
            std::pair(first.first, 0));
  EXPECT_EQ(planned("idna\nsix\n").second, 1);  // the order counts: pip's resolver goes by it
  services.folder.clear();
  EXPECT_EQ(planned("six\nidna\n"), std::pair(first.first, 1));
}

TEST_F(RememberingWheels, PipIsAskedAgainOnceAFolderOfArchivesHasChanged) {
  const auto first = planned("six\n");
  const auto archive = archives / ("six-" + versionOf("six") + ".tar.gz");
  const auto time = std::filesystem::last_write_time(archive);
  // Other bytes of the same size, and the time put back: `cp -p` does that.
  std::string bytes = readFile(archive);
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  replaceFile(archive, bytes);
  std::filesystem::last_write_time(archive, time);
  replaceFile(starts, "");
  plan("six\n", settings());
  EXPECT_THAT(readFile(starts), HasSubstr(kPip));
  std::filesystem::remove(archive);
  EXPECT_EQ(plan("six\n", settings()).failure->kind, FailureClass::Rejected);
  copy("six");
  EXPECT_EQ(planned("six\n"), std::pair(first.first, 1));
  copy("tabulate");
  EXPECT_EQ(planned("six\n"), std::pair(first.first, 1));
  EXPECT_EQ(planned("six\n"), std::pair(first.first, 0));
}

TEST_F(RememberingWheels, WhatPipReadsElsewhereIsNotKept) {
  for (const char* page : {"more.html", "MORE.HTML", "more.shtml", "more.html.gz"}) {
    replaceFile(archives / page, "<a href='six-9.tar.gz'>six</a>");
    for (int i = 0; i < 2; ++i)  // pip follows the links of a page
      EXPECT_EQ(planned("idna\n").second, 1) << page;
    std::filesystem::remove(archives / page);
  }
  const std::string line =
      "idna @ file://" + (archives / "idna-").string() + versionOf("idna") + ".tar.gz\n";
  const std::string allow = R"(,"build_isolation":false,"allow":["file"])";
  EXPECT_EQ(planned(line, allow).second, 1);
  EXPECT_EQ(planned(line, allow).second, 1);
}

TEST_F(RememberingWheels, AnArchiveIsReadAndItsBackEndRunOnce) {
  copy("chardet");  // its back end has to be asked
  const auto first = planned("six\nchardet\n");
  EXPECT_THAT(readFile(starts), AllOf(HasSubstr("make_metadata.py"), HasSubstr("/chardet-")));
  EXPECT_THAT(readFile(starts), testing::Not(HasSubstr("/six-")));
  planned("chardet\nidna\n");
  EXPECT_THAT(readFile(starts), testing::Not(HasSubstr("make_metadata.py")));
  // The same bytes elsewhere are the same archive.
  const auto name = "chardet-" + versionOf("chardet") + ".tar.gz";
  std::filesystem::rename(archives / name, archives / "away");
  std::filesystem::copy(archives / "away", archives / name);
  EXPECT_EQ(planned("six\nchardet\n"), std::pair(first.first, 2));  // to read it, and pip
  EXPECT_THAT(readFile(starts), testing::Not(HasSubstr("make_metadata.py")));
}

TEST_F(RememberingWheels, PlansThatAreMadeAtOnceAskABackEndOnce) {
  copy("chardet");
  FakeServices others;
  others.folder = services.folder;
  StageCall other(others);
  auto planner = host->plugins.planner("planwright.wheels", "q", settings());
  const std::string text = "idna\nchardet\n";
  StageOutcome second;
  std::thread beside([&] {
    second = (*planner)->plan({"2", "requirements.txt", Digest::of(text).text(), "text/plain", "{}",
                               text, static_cast<std::int64_t>(text.size()), true, 1},
                              other);
  });
  const auto first = plan("six\nchardet\n", settings());
  beside.join();
  EXPECT_FALSE(first.failure || second.failure);
  const std::string said = readFile(starts);
  const auto at = said.find("make_metadata.py");
  EXPECT_NE(at, said.npos);
  EXPECT_EQ(said.find("make_metadata.py", at + 1), said.npos) << said;
}

/// Archives at which a guess of what pip chooses may be wrong, each with nothing, with all and with
/// only the archives remembered.
TEST_F(RememberingWheels, APlanIsWhatPipAloneChoosesWhateverIsRemembered) {
  const auto traps = folder / "traps";
  const std::string make = SOURCE_DIR "/tests/fixtures/wheels/make_traps.py " + traps.string();
  ASSERT_EQ(std::system(make.c_str()), 0);
  const std::string more = R"("no_index":true,"build_isolation":false)";
  const std::string places =
      R"({"find_links":[")" + (traps / "index").string() + R"("],)" + more + "}";
  const std::string page = R"({"find_links":[")" + (traps / "index").string() + R"(","file://)" +
                           (traps / "page.html").string() + R"("],)" + more + "}";
  int planned = 0;
  for (const auto& file : std::filesystem::directory_iterator(traps / "cases")) {
    const std::string name = file.path().filename(), text = readFile(file.path());
    const bool hasPage = name.find("yanked") != name.npos;
    const std::string& used = hasPage ? page : places;
    const auto said = pipAlone(file.path(), traps, hasPage);
    const std::string kept = services.folder;
    services.folder.clear();
    const auto cold = plan(text, used);
    services.folder = kept;
    const auto learning = plan(text, used), again = plan(text, used);
    for (const auto& each : std::filesystem::directory_iterator(kept))
      if (each.path().filename().string().starts_with("answer-"))
        std::filesystem::remove(each.path());
    const auto known = plan(text, used);
    EXPECT_EQ(said.has_value(), !cold.failure)
        << name << (cold.failure ? cold.failure->message : "");
    for (const auto* other : {&learning, &again, &known}) {
      EXPECT_EQ(cold.text, other->text) << name;
      EXPECT_EQ(cold.failure.has_value(), other->failure.has_value()) << name;
      if (cold.failure && other->failure) {
        EXPECT_EQ(cold.failure->message, other->failure->message) << name;
      }
    }
    if (!cold.failure && said) {
      EXPECT_EQ(chosenIn(cold.text), *said) << name;
    }
    planned += cold.failure ? 0 : 1;
  }
  EXPECT_GE(planned, 20);
}

/// flit_core and wheel are sources here, and their back ends have to be asked, too.
TEST_F(RememberingWheels, AnAnswerIsKeptThoughBuildsHadToBeAskedAboutForIt) {
  for (const char* project : {"legacy", "flit_core", "wheel"}) copy(project);
  const std::string all = R"("],"no_index":true,"python":")" + python.string() + R"("})";
  const std::string isolated =
      R"({"find_links":[")" + archives.string() + R"(","/usr/share/python-wheels)" + all;
  const auto first = plan("legacy\n", isolated);
  ASSERT_FALSE(first.failure) << first.failure->message << "\n" << first.failure->details;
  EXPECT_THAT(readFile(starts), AllOf(HasSubstr(kPip), HasSubstr("make_metadata.py")));
  replaceFile(starts, "");
  EXPECT_EQ(plan("legacy\n", isolated).text, first.text);
  EXPECT_EQ(readFile(starts), "");
}

/// What runs beside pip may write another report.
TEST_F(RememberingWheels, AnAnswerIsNotKeptIfCodeOfAnArchiveRanBesidePip) {
  // Its back end fails once it is asked alone, and does not beside pip.
  const std::string make = "cd " + archives.string() + R"( && mkdir shy-1.0 && cd shy-1.0 &&
printf '%s\n' 'import os, sys' 'from setuptools import setup' \
  'here = os.popen("ps -o args= -p " + str(os.getppid())).read()' \
  'sys.exit(1) if "make_metadata" in here + " ".join(sys.argv) else setup(name="shy", version="1.0")' \
  > setup.py && cd .. && tar -czf shy-1.0.tar.gz shy-1.0 && rm -r shy-1.0)";
  ASSERT_EQ(std::system(make.c_str()), 0);
  const auto first = planned("shy\n");
  EXPECT_EQ(first.second, 2);  // alone, which ends at once, and with the back end
  EXPECT_EQ(planned("shy\n"), first);
}

TEST_F(RememberingWheels, WhichTextIsAConstraintCounts) {
  const std::string constraint = R"(,"build_isolation":false,"constraints":["idna"])";
  const auto first = planned("six\n", constraint);
  const std::string other = R"(,"build_isolation":false,"constraints":["six"])";
  const auto second = planned("idna\n", other);
  EXPECT_EQ(second.second, 1);
  EXPECT_NE(first.first, second.first);
}

TEST_F(RememberingWheels, AVersionOfPythonThatIsNoneEndsNoGuess) {
  copy("chardet");
  const std::string make = "cd " + archives.string() + R"( && mkdir odd-1.0 &&
printf '%s\n' 'Metadata-Version: 2.2' 'Name: odd' 'Version: 1.0' 'Requires-Python: banana' > odd-1.0/PKG-INFO &&
tar -czf odd-1.0.tar.gz odd-1.0 && rm -r odd-1.0)";
  ASSERT_EQ(std::system(make.c_str()), 0);
  plan("odd\nchardet\n", settings());
  EXPECT_THAT(readFile(starts), HasSubstr("make_metadata.py"));
}

TEST_F(RememberingWheels, AKeptAnswerThatIsDamagedIsNone) {
  const auto first = planned("six\n");
  for (const auto& file : std::filesystem::directory_iterator(services.folder)) {
    std::string bytes = readFile(file.path());
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    replaceFile(file.path(), bytes);
  }
  EXPECT_EQ(planned("six\n"), std::pair(first.first, 1));
}

}  // namespace
}  // namespace planwright::wheels_memory_test

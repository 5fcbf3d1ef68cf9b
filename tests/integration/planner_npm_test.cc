#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/embedded_files.h"
#include "support/planner_fixture.h"

namespace planwright::planner_npm_test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

/// planwright.npm with the real npm and node on packages of this machine.
class Npm : public PlannerFixture {
 protected:
  static void SetUpTestSuite() { startHost("npm/make_packages.py", ""); }
  static std::string lockfile() { return readFile(host->folder / "package-lock.json"); }
  static std::string from(const std::filesystem::path& folder, const std::string& more = "") {
    return R"({"folders":[")" + folder.string() + R"("])" + more + "}";
  }
  static std::string tarballs(const std::string& more = "") {
    return from(host->folder / "tarballs", more);
  }

  StageOutcome plan(const std::string& content, const std::string& settings = tarballs(),
                    const std::string& name = "package-lock.json") {
    return planWith("planwright.npm", name, content, settings);
  }
  Failure failureOf(const std::string& content, const std::string& settings = tarballs()) {
    return failureIn(plan(content, settings));
  }

  /// Runs all jobs; they are in an order that works. Gives the last one's folder.
  std::filesystem::path build(const StageOutcome& planned) {
    const auto workdirs = folder / std::to_string(++builds);
    const auto document = parseJson(planned.text);
    std::filesystem::path workdir;
    for (const auto& job : find(*document, "jobs")->GetArray()) {
      workdir = workdirs / textOr(job, "id");
      const auto outcome = runIn(workdir, job);
      EXPECT_FALSE(outcome.failure) << outcome.failure->message << "\n" << readFile(folder / "log");
    }
    return workdir;
  }
  std::string outputOf(const std::string& command) {
    const auto out = (folder / "out").string();
    EXPECT_EQ(std::system(("(" + command + ") >" + out + " 2>&1").c_str()), 0) << readFile(out);
    return readFile(out);
  }
};

TEST_F(Npm, OneJobForEachPackageAndOneThatInstallsThem) {
  const auto outcome = plan(lockfile());
  ASSERT_FALSE(outcome.failure) << outcome.failure->message << "\n" << outcome.failure->details;
  const auto document = parseJson(outcome.text);
  const auto schema = JsonSchema::compile(embeddedFiles().at("sdk/schema/plan.schema.json"));
  EXPECT_TRUE(schema->validate(*document)) << outcome.text;
  EXPECT_EQ(idsOf(outcome), (std::vector<std::string>{"letters-upper-2.1.0", "greet-1.0.0",
                                                      "stamp-1.0.0", "install"}))
      << "faraway is optional, and not there";
  EXPECT_EQ(outcome.text.find(host->folder.path().string()), std::string::npos)
      << "a plan holds no machine paths";
}

TEST_F(Npm, ACacheOfNpmsIsAFolderOfPackagesToo) {
  const auto outcome = plan(lockfile(), from(host->folder / "cache", R"(,"omit":["dev"])"));
  ASSERT_FALSE(outcome.failure) << outcome.failure->message;
  EXPECT_EQ(idsOf(outcome), (std::vector<std::string>{"letters-upper-2.1.0", "faraway-1.0.0",
                                                      "greet-1.0.0", "install"}));
}

TEST_F(Npm, TheInstallationWorksAndIsTheSameBytesTwice) {
  const auto outcome = plan(lockfile());
  ASSERT_FALSE(outcome.failure) << outcome.failure->message;
  const auto first = build(outcome), second = build(outcome);
  EXPECT_EQ(Digest::of(readFile(first / "node_modules.tar.gz")),
            Digest::of(readFile(second / "node_modules.tar.gz")));
  const auto place = (folder / "place").string();
  EXPECT_EQ(outputOf("mkdir " + place + " && cd " + place + " && tar -xzf " +
                     (first / "node_modules.tar.gz").string() + " && node_modules/.bin/greet"),
            "HELLO\n");
  EXPECT_FALSE(std::filesystem::exists(place + "/node_modules/greet/installed.txt"))
      << "a package's install script runs only with the setting `scripts`";
}

TEST_F(Npm, AProjectIsBuiltAndPacked) {
  const auto outcome = plan(readFile(host->folder / "project-1.0.0.tgz"),
                            tarballs(R"(,"scripts":true)"), "project-1.0.0.tgz");
  ASSERT_FALSE(outcome.failure) << outcome.failure->message << "\n" << outcome.failure->details;
  const auto packed = build(outcome);
  EXPECT_EQ(outputOf("tar -xzOf " + (packed / "project-1.0.0.tgz").string() + " package/dist.js"),
            "require('greet/greet.js');\n");
  EXPECT_TRUE(std::filesystem::exists(packed / "project/node_modules/greet/installed.txt"));
}

/// They were planned, and the last job looked for packages that nobody had named.
TEST_F(Npm, WhatOnlyPackageJsonAllowsIsRefusedWhenPlanned) {
  std::string lock = lockfile();
  const auto needs = lock.find(R"("@letters/upper": "^2.0.0")");
  ASSERT_NE(needs, lock.npos);
  lock.replace(needs, 26, R"("@letters/upper": "^1.0.0")");
  const auto failure = failureOf(lock);
  EXPECT_EQ(failure.kind, FailureClass::Rejected);
  EXPECT_THAT(failure.message, AllOf(HasSubstr("@letters/upper@2.1.0"), HasSubstr("overrides")));

  std::string direct = lockfile();
  const auto wanted = direct.find(R"("greet": "^1.0.0")");
  ASSERT_NE(wanted, direct.npos);
  direct.replace(wanted, 17, R"("greet": "^3.0.0")");
  EXPECT_THAT(failureOf(direct).message, HasSubstr("greet@1.0.0"));
}

TEST_F(Npm, NpmIsNotAskedAgainWhileNothingThatItReadsHasChanged) {
  const auto npm = folder / "lib/npm/bin/npm-cli.js", starts = folder / "starts";
  std::filesystem::create_directories(npm.parent_path());
  std::filesystem::create_directory(folder / "kept");
  services.folder = (folder / "kept").string();
  const auto install = [&](const std::filesystem::path& program, const std::string& comment) {
    replaceFile(program, "#!/bin/sh\n# " + comment + "\necho \"$*\" >> " + starts.string() +
                             "\nexec /usr/bin/npm \"$@\"\n");
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  };
  // The plan, and how often npm was started for it.
  const auto planned = [&](const std::string& lock, const std::filesystem::path& program) {
    replaceFile(starts, "");
    const auto outcome = plan(lock, tarballs(R"(,"npm":")" + program.string() + "\""));
    EXPECT_FALSE(outcome.failure) << outcome.failure->message;
    const std::string said = readFile(starts);
    return std::pair(outcome.text, std::count(said.begin(), said.end(), '\n'));
  };
  install(npm, "one version");
  const auto first = planned(lockfile(), npm);
  EXPECT_EQ(first.second, 2) << "its version, and what it says of the lockfile";
  EXPECT_EQ(planned(lockfile(), npm), std::pair(first.first, 0L));
  EXPECT_EQ(planned(lockfile() + "\n", npm).second, 1);
  install(npm, "another version");
  EXPECT_EQ(planned(lockfile(), npm), std::pair(first.first, 2L));
  replaceFile(folder / "lib/npm/npmrc", "# its own settings");
  EXPECT_EQ(planned(lockfile(), npm), std::pair(first.first, 2L));
  services.folder.clear();
  EXPECT_EQ(planned(lockfile(), npm), std::pair(first.first, 2L));
  // One that chooses among several says nothing of when they change.
  services.folder = (folder / "kept").string();
  const auto chooser = folder / "lib/npm/bin/npm";
  install(chooser, "");
  for (int i = 0; i < 2; ++i) EXPECT_EQ(planned(lockfile(), chooser).second, 2);
}

/// As one that was killed, or had no room.
TEST_F(Npm, WhatNpmDidNotSayIsNotKept) {
  const auto npm = folder / "lib/npm/bin/npm-cli.js", starts = folder / "starts";
  std::filesystem::create_directories(npm.parent_path());
  std::filesystem::create_directory(folder / "kept");
  services.folder = (folder / "kept").string();
  replaceFile(npm, "#!/bin/sh\n[ $1 = ls ] || exec /usr/bin/npm \"$@\"\necho ls >> " +
                       starts.string() + "\nexit 1\n");
  std::filesystem::permissions(npm, std::filesystem::perms::owner_all);
  for (int i = 0; i < 2; ++i)
    EXPECT_FALSE(plan(lockfile(), tarballs(R"(,"npm":")" + npm.string() + "\"")).failure);
  EXPECT_EQ(readFile(starts), "ls\nls\n") << "it is asked again";
}

TEST_F(Npm, OtherBytesAreRefusedWhenPlannedAndWhenBuilt) {
  std::filesystem::copy(host->folder / "tarballs", folder / "tarballs");
  const auto file = folder / "tarballs" / "greet-1.0.0.tgz";
  replaceFile(file, readFile(file) + "x");
  const auto planned = failureOf(lockfile(), from(folder / "tarballs"));
  EXPECT_EQ(planned.kind, FailureClass::Rejected);
  EXPECT_THAT(planned.message, HasSubstr("greet 1.0.0: " + file.string() +
                                         " does not have the integrity of the "
                                         "lockfile, sha512-"));

  const auto document = parseJson(plan(lockfile()).text);
  const auto& job = (*find(*document, "jobs"))[1];
  services.blobs[find(*find(job, "inputs"), "archive")->GetString()] += "x";
  const auto outcome = runIn(folder / "work", job);
  ASSERT_TRUE(outcome.failure);
  EXPECT_THAT(outcome.failure->message, HasSubstr("greet-1.0.0.tgz has the integrity sha512-"));
}

TEST_F(Npm, AJobFetchesAPackageThatIsInNoFolder) {
  const std::string serve = "cd " + (host->folder / "tarballs").string() +
                            " && exec timeout 60 python3 -c 'import http.server as h;"
                            "s = h.HTTPServer((\"127.0.0.1\", 0), h.SimpleHTTPRequestHandler);"
                            "print(s.server_port, flush=True); s.handle_request()' 2>/dev/null";
  const std::unique_ptr<FILE, decltype(&::pclose)> server(::popen(serve.c_str(), "r"), ::pclose);
  char port[16] = {};
  ASSERT_NE(std::fgets(port, sizeof port, server.get()), nullptr);
  std::string lock = lockfile();
  const std::string nowhere = "127.0.0.1:9/";
  const auto at = lock.find(nowhere + "greet");
  lock.replace(at, nowhere.size(), "127.0.0.1:" + std::to_string(std::atoi(port)) + "/");
  const auto outcome = plan(lock, R"({"fetch":true,"allow":["http"]})");
  ASSERT_FALSE(outcome.failure) << outcome.failure->message;
  const auto document = parseJson(outcome.text);
  const auto& jobs = *find(*document, "jobs");
  ASSERT_EQ(jobs.Size(), 5u);
  const auto fetched = runIn(folder / "work", jobs[2], R"({"network":"host"})");
  EXPECT_FALSE(fetched.failure) << fetched.failure->message;
  EXPECT_EQ(readFile(folder / "work" / "greet-1.0.0.tgz"),
            readFile(host->folder / "tarballs" / "greet-1.0.0.tgz"));
}

TEST_F(Npm, AnInputMayAskForPackagesOfARegistryUnlessASettingAllowsMore) {
  const auto lock = [](const std::string& wanted, const std::string& more = "") {
    return R"({"lockfileVersion":3,"packages":{"":{"devDependencies":{"odd":")" + wanted + "\"}}" +
           more + "}}";
  };
  for (const char* wanted :
       {"git+https://127.0.0.1/odd.git", "git@127.0.0.1:odd.git", "github:user/odd",
        "user/odd#main", "gist:12", "ssh://git@127.0.0.1/odd", "file:../odd", "link:/etc",
        "/etc/passwd", "../odd", "~/odd", "npm:other@1", "http://127.0.0.1/odd.tgz",
        "https://127.0.0.1/odd.tgz"}) {
    const auto refused = failureOf(lock(wanted));
    EXPECT_EQ(refused.kind, FailureClass::Rejected) << wanted;
    EXPECT_THAT(refused.message,
                AllOf(HasSubstr("team/package-lock.json, packages[\"\"].devDependencies.odd"),
                      HasSubstr(wanted), HasSubstr("is not allowed here")));
  }
  for (const char* wanted : {"1.0.0", "^1 || >=2.3 <3", "latest", "*", ""})
    EXPECT_FALSE(plan(lock(wanted)).failure) << wanted;
  for (const auto& [kind, wanted] :
       {std::pair{"alias", "npm:other@1"}, std::pair{"http", "https://127.0.0.1/odd.tgz"}}) {
    EXPECT_THAT(failureOf(lock(wanted)).message, HasSubstr(std::string("allow: [") + kind + "]"));
    const std::string settings = tarballs(std::string(R"(,"allow":[")") + kind + "\"]");
    EXPECT_FALSE(plan(lock(wanted), settings).failure) << wanted;
  }
  const auto entry = [&](const std::string& path, const std::string& members) {
    return lock("1", ",\"" + path + "\":{" + members + "}");
  };
  const std::string name = R"("version":"1.0.0","name":")", link = R"("link":true,"resolved":")";
  for (const auto& [path, members, why] :
       {std::tuple{"node_modules/odd", name + "other\"", "by another name"},
        std::tuple{"node_modules/../../etc", name + "etc\"", "outside of the project"},
        std::tuple{"../up", name + "up\"", "outside of the project"},
        std::tuple{"node_modules/odd", name + "@a/../../etc/passwd\"", "no name of a package"},
        std::tuple{"node_modules/odd", std::string(R"("version":"../1")"), "no version"},
        std::tuple{"node_modules/odd", link + "../other\"", "links to ../other"},
        std::tuple{"node_modules/odd", link + "/etc\"", "links to /etc"},
        std::tuple{"node_modules/odd", link + "none\"", "not in the lockfile"}})
    EXPECT_THAT(failureOf(entry(path, members)).message,
                AllOf(HasSubstr(std::string("packages[\"") + path + "\"]"), HasSubstr(why)));
}

TEST_F(Npm, AnArchiveBringsNoSettingsForNpmUnlessThatIsAllowed) {
  const std::string made = (folder / "project").string();
  outputOf("mkdir " + made + " && tar -xzf " + (host->folder / "project-1.0.0.tgz").string() +
           " -C " + made + " && echo registry=http://127.0.0.1:9/ > " + made +
           "/project/.npmrc && tar -czf " + made + ".tgz -C " + made + " project");
  const std::string archive = readFile(made + ".tgz");
  const auto refused = plan(archive, tarballs(), "project-1.0.0.tgz").failure;
  ASSERT_TRUE(refused);
  EXPECT_THAT(refused->message, AllOf(HasSubstr("project-1.0.0.tgz: it holds project/.npmrc"),
                                      HasSubstr("allow: [npmrc]")));
  EXPECT_FALSE(plan(archive, tarballs(R"(,"allow":["npmrc"])"), "project-1.0.0.tgz").failure);
}

TEST_F(Npm, WhatNoPlanCanHoldIsRefusedInOneSentence) {
  const auto withEntry = [](const std::string& entry) {
    return R"({"lockfileVersion":3,"packages":{"node_modules/odd":{"version":"1.0.0",)" + entry +
           "}}}";
  };
  EXPECT_THAT(failureOf(lockfile(), "{}").message,
              AllOf(HasSubstr("@letters/upper 2.1.0 is in none of the folders (sha512-")));
  EXPECT_EQ(failureOf(withEntry(R"("resolved":"git+ssh://git@127.0.0.1/odd.git#12")")).message,
            "team/package-lock.json, packages[\"node_modules/odd\"]: odd 1.0.0 comes from a "
            "repository; a plan needs a tarball with its integrity");
  EXPECT_THAT(failureOf(withEntry(R"("resolved":"file:../odd.tgz")")).message,
              HasSubstr("odd 1.0.0 comes from file:../odd.tgz, which is not part of the lockfile"));
  EXPECT_THAT(failureOf(withEntry(R"("integrity":"sha512-short")")).message,
              HasSubstr("odd 1.0.0 has no integrity in the lockfile"));
  EXPECT_THAT(failureOf(R"({"lockfileVersion":1,"dependencies":{}})").message,
              HasSubstr("npm 7 or newer writes lockfiles that have"));
  EXPECT_EQ(failureOf("{").kind, FailureClass::Rejected);
  EXPECT_THAT(
      host->plugins.planner("planwright.npm", "q", R"({"npm":"/nowhere/npm"})").error().message,
      HasSubstr("the setting npm names /nowhere/npm, which is not on this machine"));
}

/// 3 million brackets ended the host, which wrote them out again; 15 million numbers took 600 MB.
TEST_F(Npm, WhatWouldTakeStackOrMemoryIsRefusedBeforeItIsRead) {
  const auto lockfileWith = [](const std::string& more) {
    return R"({"lockfileVersion":3,"packages":{"":{"name":"a","version":"1.0.0","x":)" + more +
           "}}}";
  };
  const auto nested = [&](int levels, char opens, char closes) {
    return lockfileWith(std::string(levels, opens) + std::string(levels, closes));
  };
  EXPECT_THAT(failureOf(nested(3'000'000, '[', ']')).message,
              HasSubstr("the lockfile is nested deeper than 64 levels"));
  EXPECT_THAT(failureOf(nested(62, '[', ']')).message, HasSubstr("is nested deeper than"));
  EXPECT_EQ(failureOf(nested(61, '[', ']')).message, "it planned");
  std::string deep;
  for (int level = 0; level < 100'000; ++level) deep += R"({"\"[":)";
  EXPECT_THAT(failureOf(lockfileWith(deep)).message, HasSubstr("is nested deeper than"));
  std::string many = "[1";
  for (int i = 0; i < 600'000; ++i) many += ",1";
  EXPECT_THAT(failureOf(lockfileWith(many + "]")).message,
              HasSubstr("the lockfile holds more than 500000 values"));
  EXPECT_EQ(failureOf(lockfileWith("\"" + std::string(600'000, '[') + ",\\\"[\"")).message,
            "it planned")
      << "a text may hold any";
}

}  // namespace
}  // namespace planwright::planner_npm_test

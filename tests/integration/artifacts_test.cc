// Downloads of what a build left, over the API and with `planwright fetch`.
#include <filesystem>
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "artifacts/build_manifest.h"
#include "artifacts/dsse.h"
#include "artifacts/provenance.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "store/blobs.h"
#include "support/api_fixture.h"

namespace planwright::artifacts_test {
namespace {

using testing::HasSubstr;

std::int64_t residentKilobytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmRSS:")) return std::stoll(line.substr(6));
  return 0;
}

class Artifacts : public ApiFixture {
 protected:
  /// A build whose manifest names these.
  std::int64_t built(std::vector<Artifact> artifacts) {
    const auto plan = planInput(upload("x.txt", "x"), "a b");
    const auto build = startBuild(plan);
    finishBuild(plan, "succeeded");
    BuildManifest manifest{build, Digest::of("plan").text(), std::move(artifacts)};
    placeArtifacts(manifest.artifacts);
    const StagedBlob blob = stored(manifest.json());
    sql(fmt::format("update builds set manifest_digest = '{}' where id = {}", blob.digest.text(),
                    build));
    return build;
  }
  StagedBlob stored(const std::string& bytes) {
    auto blob = blobs_.stageBytes(bytes);
    Blobs::record(*database_.lease(), {blob});
    return blob;
  }
  Artifact left(const std::string& job, const std::string& name, const std::string& bytes) {
    return {"",  name, job, stored(bytes).digest.text(), static_cast<std::int64_t>(bytes.size()),
            0755};
  }
  std::string url() const { return fmt::format("http://127.0.0.1:{}", port()); }
  int run(std::vector<std::string> arguments) {
    std::ostringstream out, err;
    arguments.insert(arguments.end(), {"--server", url()});
    const int code = cli::run(std::move(arguments), cli::Terminal{out, err, false, false, false});
    said_ = out.str() + err.str();
    return code;
  }
  std::string said_;
};

TEST_F(Artifacts, OneComesWithItsNameRangesAndTag) {
  const auto build = built({left("a", "dist/na\xc3\xafve \"1\".whl", "hello")});
  const auto answer =
      request(fmt::format("GET /api/builds/{}/artifacts/dist/na%C3%AFve%20%221%22.whl", build));
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.body, "hello");
  EXPECT_EQ(answer.header("ETag"), '"' + Digest::of("hello").text() + '"');
  EXPECT_EQ(answer.header("Content-Disposition"),
            "attachment; filename=\"na__ve _1_.whl\"; "
            "filename*=UTF-8''na%C3%AFve%20%221%22.whl");
  const auto part =
      request(fmt::format("GET /api/builds/{}/artifacts/dist/na%C3%AFve%20%221%22.whl", build), {},
              "Range: bytes=1-2\r\n");
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, "el");
  EXPECT_EQ(request(fmt::format("GET /api/builds/{}/artifacts/nothing", build)).status, 404);
  EXPECT_EQ(request("GET /api/builds/77/artifacts.tar").status, 404);
}

TEST_F(Artifacts, AllComeAsOneArchiveThatProgramsRead) {
  const auto build = built({left("a", "out.txt", "of a"), left("b", "out.txt", "of b"),
                            left("b", "big", std::string(300'000, 'x'))});
  for (const std::string kind : {"tar", "zip"}) {
    std::ofstream file(folder_.path() / ("all." + kind), std::ios::binary);
    std::string error;
    cli::Client client(url(), "");
    ASSERT_EQ(client.download(
                  fmt::format("/api/builds/{}/artifacts.{}", build, kind), 0,
                  [&](int, std::string_view bytes) { file << bytes; }, error),
              200)
        << error;
  }
  const std::string in = folder_.path().string();
  EXPECT_EQ(std::system(fmt::format("cd {0} && mkdir t && tar -C t -xf all.tar && test \"$(cat "
                                    "t/b/out.txt)\" = 'of b' && test -x t/a/out.txt && test "
                                    "$(stat -c %s t/big) = 300000",
                                    in)
                            .c_str()),
            0);
  EXPECT_EQ(std::system(fmt::format("cd {0} && /usr/bin/python3 -c \"import zipfile; z = "
                                    "zipfile.ZipFile('all.zip'); assert z.testzip() is None; "
                                    "assert z.read('a/out.txt') == b'of a', z.namelist()\"",
                                    in)
                            .c_str()),
            0);
  const auto head = request(fmt::format("HEAD /api/builds/{}/artifacts.tar", build));
  EXPECT_EQ(head.header("Content-Type"), "application/x-tar");
  EXPECT_THAT(head.header("Content-Disposition"), HasSubstr(fmt::format("build-{}.tar", build)));
  EXPECT_EQ(request(fmt::format("GET /api/builds/{}/artifacts.tar", build), {},
                    "If-None-Match: " + head.header("ETag") + "\r\n")
                .status,
            304);
}

/// 256 MiB in one archive: what the process holds does not grow with it.
TEST_F(Artifacts, AnArchiveTakesOnePieceOfMemory) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer keeps freed memory";
#endif
  constexpr std::int64_t kBytes = std::int64_t{16} << 20;
  constexpr int kFiles = 16;
  const auto big = stored(std::string(kBytes, 'x'));
  std::vector<Artifact> artifacts;
  for (int i = 0; i < kFiles; ++i)
    artifacts.push_back({"", fmt::format("{}.bin", i), "a", big.digest.text(), kBytes, 0644});
  const auto build = built(std::move(artifacts));
  cli::Client client(url(), "");
  std::string error;
  std::int64_t came = 0;
  std::int64_t most = 0;
  const std::int64_t before = residentKilobytes();
  ASSERT_EQ(client.download(
                fmt::format("/api/builds/{}/artifacts.tar", build), 0,
                [&](int, std::string_view bytes) {
                  if ((came >> 24) != ((came + static_cast<std::int64_t>(bytes.size())) >> 24))
                    most = std::max(most, residentKilobytes());
                  came += static_cast<std::int64_t>(bytes.size());
                },
                error),
            200)
      << error;
  EXPECT_GT(came, kFiles * kBytes);
  // The test's own store makes a copy of one file in memory; nothing may come on top of it.
  EXPECT_LT(most - before, (kBytes >> 10) + 16 * 1024);
}

TEST_F(Artifacts, WhatIsPrunedIsGoneBeforeAnyByteIsSent) {
  const auto build = built({left("a", "out.txt", "of a")});
  sql(fmt::format("delete from blobs where digest = '{}'", Digest::of("of a").text()));
  EXPECT_EQ(problemOf(410, fmt::format("GET /api/builds/{}/artifacts.tar", build)), "pruned");
}

TEST_F(Artifacts, FetchPutsThemInAFolderAndSkipsWhatIsThere) {
  const auto build = built({left("a", "out.txt", "of a"), left("b", "out.txt", "of b"),
                            left("b", "big", std::string(300'000, 'x'))});
  const auto target = folder_.path() / "got";
  ASSERT_EQ(run({"fetch", std::to_string(build), target.string()}), 0) << said_;
  EXPECT_EQ(readFile(target / "b/out.txt"), "of b");
  EXPECT_EQ(std::filesystem::file_size(target / "big"), 300'000U);
  EXPECT_THAT(said_, HasSubstr("3 files fetched"));
  std::ofstream(target / "a/out.txt") << "OF A";
  ASSERT_EQ(run({"fetch", std::to_string(build), target.string()}), 0) << said_;
  EXPECT_THAT(said_, HasSubstr("1 files fetched")) << "only what was changed";
  EXPECT_EQ(readFile(target / "a/out.txt"), "of a");
}

TEST_F(Artifacts, FetchRefusesBytesThatAreNotTheManifests) {
  const auto build = built({left("a", "out.txt", "of a")});
  blobs_.blobs[Digest::of("of a").text()] = "OF A";
  const auto target = folder_.path() / "got";
  EXPECT_EQ(run({"fetch", std::to_string(build), target.string()}), 1) << said_;
  EXPECT_THAT(said_, HasSubstr("digest"));
  EXPECT_FALSE(std::filesystem::exists(target / "out.txt"));
}

class Statements : public Artifacts {
 protected:
  JsonDocument statement(std::int64_t build, const std::string& query = {}) {
    const auto envelope = json(200, fmt::format("GET /api/builds/{}/provenance{}", build, query));
    const auto payload = openEnvelope(toJson(envelope), kInTotoType, signingKey_.publicKey());
    EXPECT_TRUE(payload) << payload.error().message;
    return parsed(*payload);
  }
};

TEST_F(Statements, OfABuildNamesWhatWentInAndWhatCameOut) {
  sql(
      fmt::format("insert into instance_tools (instance, tools) values ({}, '{{\"version\":\"0.1\","
                  "\"queues\":{{\"default\":{{\"id\":\"planwright.command\",\"version\":\"1.0\","
                  "\"digest\":\"{}\"}}}}}}')",
                  instance_, Digest::of("plugin").text()));
  const auto build = built({left("a", "out.txt", "of a"), left("b", "out.txt", "of b")});
  sql(fmt::format("update builds set instance = {} where id = {}", instance_, build));
  const auto schema =
      JsonSchema::compile(readFile(SOURCE_DIR "/tests/fixtures/provenance/statement.schema.json"));
  const auto whole = statement(build);
  const auto valid = schema->validate(whole);
  EXPECT_TRUE(valid) << valid.error().pointer << " " << valid.error().message;
  const std::string text = toJson(whole);
  EXPECT_THAT(text, HasSubstr(std::string(Digest::of("x").hex()))) << "the input";
  EXPECT_THAT(text, HasSubstr(std::string(Digest::of("of b").hex())));
  EXPECT_THAT(text, HasSubstr(std::string(Digest::of("plugin").hex())));
  EXPECT_THAT(text, HasSubstr(R"("materials":false)"));
  const auto one = statement(build, "?artifact=a/out.txt");
  EXPECT_TRUE(schema->validate(one));
  EXPECT_EQ((*find(one, "subject")).Size(), 1U);
  EXPECT_EQ(problemOf(404, fmt::format("GET /api/builds/{}/provenance?artifact=x", build)),
            "not-found");
}

TEST_F(Statements, CallMaterialsCompleteWhenEveryJobThatCountsWasSealed) {
  const auto completeness = [this](std::int64_t build, const std::string& query = {}) {
    const auto whole = statement(build, query);
    const auto& made = *find(*find(whole, "predicate"), "buildDefinition");
    return toJson(*find(made, "planwright_completeness"));
  };
  const auto part = built({left("a", "out.txt", "of a"), left("b", "out.txt", "of b")});
  sql(fmt::format("update jobs set sealed = true where name = 'a' and build_id = {}", part));
  EXPECT_THAT(completeness(part), HasSubstr(R"("materials":false)"));
  EXPECT_THAT(completeness(part), HasSubstr("undeclared files: b."));
  EXPECT_EQ(completeness(part, "?artifact=a/out.txt"), R"({"materials":true})");
  EXPECT_THAT(completeness(part, "?artifact=b/out.txt"), HasSubstr(R"("materials":false)"));
  const auto whole = built({left("a", "out.txt", "of a")});
  sql(fmt::format("update jobs set sealed = true where build_id = {}", whole));
  EXPECT_EQ(completeness(whole), R"({"materials":true})");
}

TEST_F(Statements, StayAsTheyWereFirstGivenAndKeepTheirBlobs) {
  const auto build = built({left("a", "out.txt", "of a")});
  const std::string line = fmt::format("GET /api/builds/{}/provenance", build);
  const std::string first = request(line).body;
  sql(fmt::format("update builds set queue = 'other' where id = {}", build));
  EXPECT_EQ(request(line).body, first);
  const Rows users =
      sql(fmt::format("select kind from blob_users where digest = '{}'", Digest::of(first).text()));
  ASSERT_EQ(users.size(), 1U) << "the collector leaves it alone";
  EXPECT_EQ(users.text(0, 0), "statement");
  sql(
      fmt::format("update plans set build_id = null; delete from job_attempts; delete from jobs; "
                  "delete from builds where id = {}",
                  build));
  EXPECT_EQ(problemOf(410, line), "pruned");
  EXPECT_EQ(sql("select from statements").size(), 0U) << "it goes with its build";
}

TEST_F(Statements, AFetchedFileIsVerifiedWithTheKeyOfTheServer) {
  control_->statements.publishKey();
  const auto build = built({left("a", "dist/out.txt", "of a")});
  const auto target = folder_.path() / "got";
  ASSERT_EQ(run({"fetch", std::to_string(build), target.string()}), 0) << said_;
  ASSERT_EQ(run({"key", "show"}), 0);
  const auto key = folder_.path() / "trusted.pub";
  std::ofstream(key) << said_;
  const std::string file = (target / "dist/out.txt").string();
  EXPECT_EQ(run({"verify", file, "--key", key.string()}), 0) << said_;
  std::ofstream(file) << "OF A";
  EXPECT_EQ(run({"verify", file, "--key", key.string()}), 1);
  EXPECT_THAT(said_, HasSubstr("is not what was built"));
}

TEST_F(Statements, ABuildOfWheelsHasABillOfMaterials) {
  const auto build = built({left("a", "flask-3.0-py3-none-any.whl", "wheel")});
  const auto bill = json(200, fmt::format("GET /api/builds/{}/sbom", build));
  EXPECT_EQ(textOr((*find(bill, "components"))[0], "purl"), "pkg:pypi/flask@3.0");
}

}  // namespace
}  // namespace planwright::artifacts_test

// What a build left: the manifest, archives of it, and the folder that a fetch fills.
#include <clocale>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <malloc.h>
#include <sys/stat.h>

#include "artifacts/archive_writer.h"
#include "artifacts/build_manifest.h"
#include "base/digest.h"
#include "base/embedded_files.h"
#include "base/files.h"
#include "base/json.h"
#include "cli/client.h"
#include "cli/fetch_folder.h"
#include "control/archive_pieces.h"
#include "support/temp_folder.h"

namespace planwright::artifacts_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Artifact left(const std::string& job, const std::string& name, const std::string& bytes = "x") {
  return {"", name, job, Digest::of(bytes).text(), static_cast<std::int64_t>(bytes.size()), 0644};
}

std::vector<std::string> pathsOf(std::vector<Artifact> artifacts) {
  placeArtifacts(artifacts);
  std::vector<std::string> paths;
  for (const auto& artifact : artifacts) paths.push_back(artifact.path);
  return paths;
}

TEST(BuildManifest, ANameOfSeveralJobsStandsBelowTheJob) {
  EXPECT_THAT(pathsOf({left("a", "out.txt"), left("b", "out.txt"), left("b", "dist/b.whl")}),
              ElementsAre("a/out.txt", "b/out.txt", "dist/b.whl"));
}

TEST(BuildManifest, AllStandBelowTheirJobsWherePathsWouldMeet) {
  EXPECT_THAT(pathsOf({left("a", "x"), left("b", "x"), left("c", "a/x")}),
              ElementsAre("a/x", "b/x", "c/a/x"));
  EXPECT_THAT(pathsOf({left("a", "dist"), left("b", "dist/b.whl")}),
              ElementsAre("a/dist", "b/dist/b.whl"));
  EXPECT_THAT(pathsOf({left(".", "x"), left("..", "x")}), ElementsAre("%2E/x", "%2E%2E/x"));
}

TEST(BuildManifest, IsWhatItsSchemaSaysAndReadsBack) {
  BuildManifest manifest{
      17, Digest::of("plan").text(), {left("a", "out \"1\".txt"), left("b", "b")}};
  placeArtifacts(manifest.artifacts);
  const auto schema =
      JsonSchema::compile(embeddedFiles().at("sdk/schema/build-manifest.schema.json"));
  ASSERT_TRUE(schema) << schema.error().message;
  const auto document = parseJson(manifest.json());
  const auto valid = schema->validate(*document);
  EXPECT_TRUE(valid) << valid.error().message;
  const auto read = BuildManifest::parse(manifest.json());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, manifest);
}

TEST(BuildManifest, RefusesPathsThatLeaveTheFolder) {
  for (const char* path : {"../x", "/etc/x", "a//b", "a/./b", "", "a/", ".."})
    EXPECT_FALSE(isSafePath(path)) << path;
  const auto manifest =
      BuildManifest::parse(R"({"artifacts":[{"path":"../x","name":"x","job":"a","digest":")" +
                           Digest::of("").text() + R"(","size":0,"mode":"0644"}]})");
  ASSERT_FALSE(manifest);
  EXPECT_THAT(manifest.error().message, HasSubstr("../x"));
}

struct Read {
  std::string path, bytes;
  int mode = 0;
};

std::vector<Read> readArchive(const std::string& bytes) {
  const locale_t utf8 = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  const locale_t before = ::uselocale(utf8);
  std::vector<Read> files;
  archive* in = archive_read_new();
  archive_read_support_format_all(in);
  EXPECT_EQ(archive_read_open_memory(in, bytes.data(), bytes.size()), ARCHIVE_OK);
  for (archive_entry* entry; archive_read_next_header(in, &entry) == ARCHIVE_OK;) {
    Read file{archive_entry_pathname(entry), {}, static_cast<int>(archive_entry_perm(entry))};
    char piece[4096];
    for (la_ssize_t n; (n = archive_read_data(in, piece, sizeof piece)) > 0;)
      file.bytes.append(piece, static_cast<std::size_t>(n));
    files.push_back(std::move(file));
  }
  archive_read_free(in);
  ::uselocale(before);
  ::freelocale(utf8);
  return files;
}

TEST(ArchiveWriter, KeepsNamesModesAndBytes) {
  for (const auto format : {ArchiveFormat::Tar, ArchiveFormat::Zip}) {
    std::string made;
    ArchiveWriter writer(format, 1'700'000'000, [&](std::string_view b) { made.append(b); });
    const std::string deep(120, 'd');
    writer.add("bin/run", 0755, 5, memoryFile("hello").get());
    writer.add(deep + "/f/\xc3\xa4.txt", 0640, 0, memoryFile("").get());
    writer.finish();
    const auto files = readArchive(made);
    ASSERT_EQ(files.size(), 2U);
    EXPECT_EQ(files[0].path, "bin/run");
    EXPECT_EQ(files[0].bytes, "hello");
    EXPECT_EQ(files[0].mode, 0755);
    EXPECT_THAT(files[1].path, HasSubstr(deep + "/f/"));
    EXPECT_THAT(made, HasSubstr("\xc3\xa4.txt"));
    EXPECT_EQ(files[1].mode, 0640);
  }
}

TEST(ArchiveWriter, SaysThatAFileHasAnotherSize) {
  ArchiveWriter writer(ArchiveFormat::Tar, 0, [](std::string_view) {});
  EXPECT_THROW(writer.add("a", 0644, 4, memoryFile("12345").get()), std::runtime_error);
  ArchiveWriter other(ArchiveFormat::Zip, 0, [](std::string_view) {});
  EXPECT_THROW(other.add("a", 0644, 6, memoryFile("12345").get()), std::runtime_error);
}

TEST(ArchivePieces, AreTheArchiveWhoeverTakesThem) {
  const std::string big(700'000, 'x');
  std::vector<Artifact> artifacts(3);
  artifacts[0].path = "a/\xc3\xa4.txt", artifacts[0].sizeBytes = 5;
  artifacts[1].path = "empty";
  artifacts[2].path = "big", artifacts[2].sizeBytes = static_cast<std::int64_t>(big.size());
  ArchivePieces pieces(ArchiveFormat::Tar, 1'700'000'000, artifacts, [&](const Artifact& which) {
    Content content;
    content.file = memoryFile(which.path == "big" ? big : which.path == "empty" ? "" : "hello");
    return content;
  });
  std::string made;
  for (bool isOver = false; !isOver;)
    std::jthread([&] {  // each piece on a thread of its own
      const auto piece = pieces.next();
      isOver = !piece;
      if (piece) made += *piece;
    })
        .join();
  const auto files = readArchive(made);
  ASSERT_EQ(files.size(), 3U);
  EXPECT_EQ(files[0].path, "a/\xc3\xa4.txt");
  EXPECT_EQ(files[2].bytes, big);
}

TEST(ArchiveWriter, EndsWhenNobodyTakesItsBytes) {
  ArchiveWriter writer(ArchiveFormat::Tar, 0,
                       [](std::string_view) { throw std::runtime_error("gone"); });
  const std::string bytes(1 << 20, 'x');
  EXPECT_THROW(writer.add("a", 0644, 1 << 20, memoryFile(bytes).get()), std::runtime_error);
}

/// Gives up an archive in the middle of a file, as when the client closed its connection.
void giveUp(ArchiveFormat format) {
  int pieces = 0;
  ArchiveWriter writer(format, 0, [&](std::string_view) {
    if (++pieces > 1) throw std::runtime_error("gone");
  });
  std::string bytes(1 << 19, 'x');
  std::minstd_rand random;  // what cannot be compressed
  for (auto& byte : bytes) byte = static_cast<char>(random());
  EXPECT_ANY_THROW(writer.add("a", 0644, 1 << 19, memoryFile(bytes).get()));
}

TEST(ArchiveWriter, LeavesNothingBehindWhenItIsGivenUp) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP()
      << "a sanitizer does not tell mallinfo2() what it gives out; it looks for leaks itself";
#endif
  for (const auto format : {ArchiveFormat::Tar, ArchiveFormat::Zip}) {
    giveUp(format);
    const auto before = ::mallinfo2().uordblks;
    for (int i = 0; i < 20; ++i) giveUp(format);
    EXPECT_LT(::mallinfo2().uordblks, before + 640 * 1024) << "20 archives, at least 64 KiB each";
  }
}

class Fetched : public testing::Test {
 protected:
  Artifact artifact(const std::string& path, const std::string& bytes, unsigned mode = 0644) {
    auto made = left("job", path, bytes);
    made.path = path;
    made.mode = mode;
    return made;
  }
  TempFolder folder_;
  const std::filesystem::path target_ = folder_.path() / "target";
};

TEST_F(Fetched, AFileAppearsWholeWithItsMode) {
  cli::FetchFolder folder(target_);
  const auto wanted = artifact("dist/run", "hello", 0755);
  auto part = folder.part(wanted);
  part.append("he");
  EXPECT_FALSE(std::filesystem::exists(target_ / "dist/run"));
  auto again = folder.part(wanted);
  EXPECT_EQ(again.sizeBytes(), 2) << "goes on where the last one broke off";
  again.append("llo");
  EXPECT_TRUE(folder.publish(std::move(again), wanted));
  EXPECT_EQ(readFile(target_ / "dist/run"), "hello");
  EXPECT_EQ(static_cast<int>(std::filesystem::status(target_ / "dist/run").permissions()), 0755);
  EXPECT_TRUE(folder.has(wanted));
  std::ofstream(target_ / "dist/run") << "hellO";
  EXPECT_FALSE(folder.has(wanted)) << "changed since";
}

TEST_F(Fetched, BytesWithAnotherDigestNeverGetTheName) {
  cli::FetchFolder folder(target_);
  const auto wanted = artifact("a", "hello");
  auto part = folder.part(wanted);
  part.append("HELLO");
  EXPECT_FALSE(folder.publish(std::move(part), wanted));
  EXPECT_FALSE(std::filesystem::exists(target_ / "a"));
  EXPECT_EQ(folder.part(wanted).sizeBytes(), 0);
}

TEST_F(Fetched, NothingIsWrittenThroughALink) {
  const auto outside = folder_.path() / "outside";
  std::filesystem::create_directories(outside);
  std::filesystem::create_directories(target_);
  std::filesystem::create_directory_symlink(outside, target_ / "dist");
  std::ofstream(outside / "secret") << "old";
  std::filesystem::create_symlink(outside / "secret", target_ / "leaf");
  cli::FetchFolder folder(target_);
  const auto wanted = artifact("dist/x", "new");
  auto part = folder.part(wanted);
  part.append("new");
  EXPECT_THROW(folder.publish(std::move(part), wanted), cli::CommandFailure);
  EXPECT_FALSE(std::filesystem::exists(outside / "x"));
  const auto leaf = artifact("leaf", "new");
  EXPECT_FALSE(folder.has(leaf));
  auto second = folder.part(leaf);
  EXPECT_TRUE(folder.publish(std::move(second), leaf)) << "the link is replaced, not followed";
  EXPECT_EQ(readFile(outside / "secret"), "old");
  EXPECT_THROW(folder.has(artifact("../x", "new")), cli::CommandFailure);
  EXPECT_THROW(folder.has(artifact(".planwright-build/x", "new")), cli::CommandFailure);
}

}  // namespace
}  // namespace planwright::artifacts_test

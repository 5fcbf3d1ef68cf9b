// What is read of wheels, which strangers made: their names, and the METADATA inside.
#include "artifacts/wheel_metadata.h"

#include <cstdint>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <malloc.h>
#include <unistd.h>
#include <zlib.h>

#include "artifacts/wheel_name.h"
#include "artifacts/zip_member.h"
#include "base/files.h"

namespace planwright::wheel_metadata_test {
namespace {

using testing::Eq;
using testing::Optional;

constexpr const char* kText = "Metadata-Version: 2.1\nName: foo\nRequires-Python: >=3.8\n\nText.\n";

std::string littleEndian(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 0xff);
  return text;
}

std::string deflated(const std::string& bytes) {
  z_stream stream{};
  if (deflateInit2(&stream, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK) return {};
  std::string packed(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

/// A file of a zip archive; what is set here says something else than is true.
struct File {
  std::string name = "foo-1.0.dist-info/METADATA";
  std::string bytes = kText;
  bool isPacked = true;
  unsigned flags = 0;
  std::uint32_t saysBytes = 0, saysPacked = 0, saysChecksum = 0, saysPlace = 0;
};

std::string zipOf(const std::vector<File>& files, const std::string& comment = "") {
  std::string archive, directory;
  for (const auto& file : files) {
    const std::string packed = file.isPacked ? deflated(file.bytes) : file.bytes;
    const auto checksum = ::crc32(0, reinterpret_cast<const Bytef*>(file.bytes.data()),
                                  static_cast<uInt>(file.bytes.size()));
    const std::string middle =
        littleEndian(file.flags, 2) + littleEndian(file.isPacked ? 8 : 0, 2) + littleEndian(0, 4) +
        littleEndian(file.saysChecksum ? file.saysChecksum : checksum, 4) +
        littleEndian(file.saysPacked ? file.saysPacked : packed.size(), 4) +
        littleEndian(file.saysBytes ? file.saysBytes : file.bytes.size(), 4) +
        littleEndian(file.name.size(), 2) + littleEndian(0, 2);
    directory += std::string("PK\1\2", 4) + littleEndian(20, 2) + littleEndian(20, 2) + middle +
                 littleEndian(0, 2) + littleEndian(0, 2) + littleEndian(0, 2) + littleEndian(0, 4) +
                 littleEndian(file.saysPlace ? file.saysPlace : archive.size(), 4) + file.name;
    archive += std::string("PK\3\4", 4) + littleEndian(20, 2) + middle + file.name + packed;
  }
  return archive + directory + std::string("PK\5\6", 4) + littleEndian(0, 4) +
         littleEndian(files.size(), 2) + littleEndian(files.size(), 2) +
         littleEndian(directory.size(), 4) + littleEndian(archive.size(), 4) +
         littleEndian(comment.size(), 2) + comment;
}

std::optional<std::string> metadataOf(const std::string& wheel) {
  return readWheelMetadata(memoryFile(wheel).get(), "foo");
}

TEST(WheelMetadata, IsReadPackedOrNotAmongOtherFiles) {
  const File other{.name = "foo/METADATA", .bytes = "no"};
  const File deeper{.name = "foo/x.dist-info/METADATA", .bytes = "no"};
  EXPECT_THAT(metadataOf(zipOf({other, {}, deeper})), Optional(Eq(kText)));
  EXPECT_THAT(metadataOf(zipOf({other, {.isPacked = false}})), Optional(Eq(kText)));
  EXPECT_THAT(metadataOf(zipOf({{}}, "a comment with PK\5\6 in it, long enough to look like one")),
              Optional(Eq(kText)));
  EXPECT_THAT(metadataOf(zipOf({{.name = "Foo-1.0.dist-info/METADATA"}})), Optional(Eq(kText)));
}

TEST(WheelMetadata, ComesOfAReadThatLeavesTheOffsetOfTheFileAlone) {
  const UniqueFd file = memoryFile(zipOf({{}}));
  ASSERT_TRUE(readWheelMetadata(file.get(), "foo"));
  EXPECT_EQ(::lseek(file.get(), 0, SEEK_CUR), 0);
}

TEST(WheelMetadata, IsOfTheProjectAndThereOnce) {
  EXPECT_FALSE(metadataOf(zipOf({{.name = "bar-1.0.dist-info/METADATA"}})));
  EXPECT_FALSE(metadataOf(zipOf({{}, {}}))) << "which of them would an installer take?";
  EXPECT_FALSE(metadataOf(zipOf({})));
}

TEST(WheelMetadata, OfABrokenArchiveIsNothing) {
  const std::string good = zipOf({{}});
  for (std::size_t size = 0; size < good.size(); ++size)
    EXPECT_FALSE(metadataOf(good.substr(0, size))) << size;
  EXPECT_FALSE(metadataOf("no zip"));
  EXPECT_FALSE(metadataOf(zipOf({{.saysChecksum = 7}})));
  EXPECT_FALSE(metadataOf(zipOf({{.saysBytes = 3}}))) << "longer than it says";
  EXPECT_FALSE(metadataOf(zipOf({{.saysBytes = 3000}}))) << "shorter than it says";
  EXPECT_FALSE(metadataOf(zipOf({{.saysPacked = 1'000'000}}))) << "beyond the end of the file";
  EXPECT_FALSE(metadataOf(zipOf({{.saysPlace = 0xfffffff0}})));
  EXPECT_FALSE(metadataOf(zipOf({{.flags = 1}}))) << "encrypted";
}

TEST(WheelMetadata, OfAnyBytesInTheDirectoryHurtsNobody) {
  const std::string good = zipOf({{}, {.name = "x"}});
  for (std::size_t at = 0; at < good.size(); ++at)
    for (const char c : {'\0', '\x7f', '\xff'}) {
      std::string bytes = good;
      bytes[at] = c;
      const auto read = metadataOf(bytes);
      EXPECT_TRUE(!read || *read == kText) << at;
    }
}

/// A megabyte that unpacks to a gigabyte, and one that says it unpacks to little.
TEST(WheelMetadata, OfABombTakesNoMemory) {
  const std::string zeros(std::size_t{64} << 20, '\0');
  const std::string honest = zipOf({{.bytes = zeros}});
  const std::string liar = zipOf({{.bytes = zeros, .saysBytes = 100}});
  const auto before = ::mallinfo2().uordblks + ::mallinfo2().hblkhd;
  EXPECT_FALSE(metadataOf(honest));
  EXPECT_FALSE(metadataOf(liar));
  EXPECT_LT(::mallinfo2().uordblks + ::mallinfo2().hblkhd, before + (1 << 20));
  std::string longText(kLongestMetadata, 'x');
  EXPECT_TRUE(metadataOf(zipOf({{.bytes = longText}})));
  EXPECT_FALSE(metadataOf(zipOf({{.bytes = longText + "x"}})));
}

/// Its directory is longer than one piece of it that is read.
TEST(WheelMetadata, IsFoundInALongDirectory) {
  std::vector<File> files(5000,
                          File{.name = std::string(200, 'n'), .bytes = "", .isPacked = false});
  files.emplace_back();
  EXPECT_THAT(metadataOf(zipOf(files)), Optional(Eq(kText)));
}

TEST(RequiresPython, IsTheFieldAndNoLineOfTheDescription) {
  EXPECT_EQ(requiresPython(kText), ">=3.8");
  EXPECT_EQ(requiresPython("requires-python:\t<4,>=3.8\r\nX: y\r\n"), "<4,>=3.8");
  EXPECT_EQ(requiresPython("Name: x\n\nRequires-Python: >=3.8\n"), "");
  EXPECT_EQ(requiresPython("Name: x\nRequires-Python:"), "");
  EXPECT_EQ(requiresPython(""), "");
  EXPECT_EQ(requiresPython("Requires-Python: >=3\x01\n"), "") << "it would break pages";
  EXPECT_EQ(requiresPython("Requires-Python: " + std::string(1000, '3')), "");
}

TEST(WheelName, HasAProjectAVersionAndTags) {
  EXPECT_THAT(wheelName("dist/Foo__Bar.baz-1.0-2-py3-none-any.whl"),
              Optional(Eq(WheelName{"foo-bar-baz", "1.0", "py3-none-any"})));
  for (const char* name : {"a-1.whl", "a-1-py3-none.whl", "a--py3-none-any.whl", ".whl", "a-1.zip",
                           "a-1-2-3-4-5-6.whl", "-1-py3-none-any.whl", ""})
    EXPECT_FALSE(wheelName(name)) << name;
}

TEST(WheelName, SaysWhichNamesCanBeAskedFor) {
  for (const char* name : {"a", "a-b", "0", "zope-interface"}) EXPECT_TRUE(isProjectName(name));
  for (const char* name : {"", "-a", "a-", "A", "a.b", "a b", "ä", "<b>", "a/b"})
    EXPECT_FALSE(isProjectName(name)) << name;
}

}  // namespace
}  // namespace planwright::wheel_metadata_test

#include <cstring>
#include <random>

#include <elf.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "stages/clean_text.h"
#include "stages/manifest.h"

namespace planwright::stages_manifest_test {
namespace {

std::string plugin() {
  return readFile(BINARY_DIR "/plugins/noop_planner.so");
}

TEST(ManifestSection, IsReadFromAPluginFile) {
  const auto section = manifestSection(plugin());
  ASSERT_TRUE(section) << section.error().message;
  const auto manifest = ManifestReader().parse(*section);
  ASSERT_TRUE(manifest) << manifest.error().message;
  EXPECT_EQ(manifest->id, "planwright.noop-planner");
  EXPECT_TRUE(manifest->provides("planwright.planner/1"));
  EXPECT_FALSE(manifest->provides("planwright.builder/1"));
  EXPECT_TRUE(manifest->pure);
}

TEST(ManifestSection, SaysWhatIsWrongWithOtherFiles) {
  EXPECT_EQ(manifestSection("").error().message, "not an ELF file");
  EXPECT_EQ(manifestSection("#!/bin/sh\n").error().message, "not an ELF file");
  EXPECT_NE(manifestSection(readFile("/bin/sh")).error().message.find("not a planwright plugin"),
            std::string::npos);
  std::string big = plugin();
  big[EI_CLASS] = ELFCLASS32;
  EXPECT_NE(manifestSection(big).error().message.find("64-bit"), std::string::npos);
}

TEST(ManifestSection, SurvivesFilesThatAreCutOff) {
  const std::string whole = plugin();
  for (std::size_t size = 0; size < whole.size(); size += 1 + size / 7)
    EXPECT_FALSE(manifestSection(std::string_view(whole).substr(0, size))) << size;
}

TEST(ManifestSection, NeverReadsOutsideACorruptedFile) {
  const std::string whole = plugin();
  Elf64_Ehdr header;
  std::memcpy(&header, whole.data(), sizeof header);
  std::mt19937 random(7);  // a fixed seed: the same 2000 files every time
  int refused = 0;
  for (int round = 0; round < 2000; ++round) {
    std::string file = whole;
    const std::size_t tables[] = {0, header.e_shoff};
    const std::size_t sizes[] = {sizeof header, std::size_t{header.e_shnum} * sizeof(Elf64_Shdr)};
    for (int change = 0; change < 4; ++change) {
      const std::size_t which = random() % 2;
      file[tables[which] + random() % sizes[which]] = static_cast<char>(random());
    }
    refused += manifestSection(file) ? 0 : 1;  // what it reads, the sanitizers judge
  }
  EXPECT_GT(refused, 0) << "no file was corrupted where it matters";
}

TEST(ManifestReader, NamesThePlaceOfAMistake) {
  const ManifestReader reader;
  const auto why = [&](const char* json) { return reader.parse(json).error().message; };
  EXPECT_NE(why("{").find("not valid JSON"), std::string::npos);
  EXPECT_NE(why(R"({"manifest":1,"id":"a.b","version":"1.0.0","abi":"1.0"})")
                .find("\"stages\" is missing"),
            std::string::npos);
  EXPECT_NE(
      why(R"({"manifest":1,"id":"nodot","version":"1.0.0","abi":"1.0","stages":["planwright.planner/1"]})")
          .find("/id"),
      std::string::npos);
  EXPECT_NE(
      why(R"({"manifest":1,"id":"a.b","version":"1.0.0","abi":"1.0","stages":["planwright.planner/1"],"settings":{"properties":{"x":{"const":1}}}})")
          .find("/settings/properties/x/const"),
      std::string::npos);
}

TEST(CleanText, KeepsWholeCharactersUpToTheLimit) {
  EXPECT_EQ(cleanText("gr\xc3\xbc\xc3\x9f", 100), "grüß");
  EXPECT_EQ(cleanText("gr\xc3\xbc\xc3\x9f", 5), "grü");
  EXPECT_EQ(cleanText(std::string_view("a\0b\xff", 4), 100), "a\uFFFDb\uFFFD");
}

TEST(CleanText, KeepsWholeLinesOfATail) {
  EXPECT_EQ(cleanTail("first line\nsecond line\n", 15), "second line\n");
  EXPECT_EQ(cleanTail("short\n", 15), "short\n");
}

}  // namespace
}  // namespace planwright::stages_manifest_test

#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "base/files.h"
#include "support/fuzz_harnesses.h"
#include "support/http_framer_harness.h"

namespace planwright::fuzz_corpus_test {
namespace {

struct Target {
  const char* name;
  void (*exercise)(std::string_view);
};

class FuzzCorpus : public testing::TestWithParam<Target> {};

// What the fuzz targets once found, and what they begin with (tests/fuzz/README.md).
TEST_P(FuzzCorpus, IsReadAsPromised) {
  const std::string folder = std::string(SOURCE_DIR "/tests/fuzz/corpus/") + GetParam().name;
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    SCOPED_TRACE(entry.path().filename());
    GetParam().exercise(readFile(entry.path()));
    ++count;
  }
  EXPECT_GE(count, 5);
}

INSTANTIATE_TEST_SUITE_P(, FuzzCorpus,
                         testing::Values(Target{"http_framer", exerciseFramer},
                                         Target{"plan_document", exercisePlanDocument},
                                         Target{"config", exerciseConfig},
                                         Target{"plugin_manifest", exercisePluginManifest},
                                         Target{"multipart", exerciseMultipart},
                                         Target{"keeper_text", exerciseKeeperText},
                                         Target{"frame_header", exerciseFrameHeader}),
                         [](const auto& target) { return std::string(target.param.name); });

}  // namespace
}  // namespace planwright::fuzz_corpus_test

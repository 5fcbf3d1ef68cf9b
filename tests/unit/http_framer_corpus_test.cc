#include <filesystem>

#include <gtest/gtest.h>

#include "base/files.h"
#include "support/http_framer_harness.h"

namespace planwright {
namespace {

TEST(RequestFramerCorpus, EveryFuzzInputIsReadTheSameWholeAndInPieces) {
  int count = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(SOURCE_DIR "/tests/fuzz/corpus/http_framer")) {
    SCOPED_TRACE(entry.path().filename());
    exerciseFramer(readFile(entry.path()));
    ++count;
  }
  EXPECT_GE(count, 10);
}

}  // namespace
}  // namespace planwright

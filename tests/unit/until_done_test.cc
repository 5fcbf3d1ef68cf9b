#include "base/until_done.h"

#include <stdexcept>

#include <gtest/gtest.h>

namespace planwright::until_done_test {
namespace {

const Backoff kAtOnce{std::chrono::milliseconds(0), std::chrono::milliseconds(0)};

TEST(UntilDone, TriesAgainAfterEachException) {
  int tries = 0;
  const bool isDone = untilDone(
      "a test", {},
      [&] {
        if (++tries < 4) throw std::runtime_error("away");
      },
      kAtOnce);
  EXPECT_TRUE(isDone);
  EXPECT_EQ(tries, 4);
}

TEST(UntilDone, GivesUpOnlyWhenAStopIsAskedFor) {
  std::stop_source stop;
  int tries = 0;
  const bool isDone = untilDone(
      "a test", stop.get_token(),
      [&] {
        if (++tries == 3) stop.request_stop();
        throw std::runtime_error("away");
      },
      kAtOnce);
  EXPECT_FALSE(isDone);
  EXPECT_EQ(tries, 3);
}

TEST(UntilDone, WorksOnceMoreAlthoughAStopIsAskedFor) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_TRUE(untilDone(
      "a test", stop.get_token(), [] {}, kAtOnce))
      << "what is done by now must not be held because the host stops";
}

}  // namespace
}  // namespace planwright::until_done_test

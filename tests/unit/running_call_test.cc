#include "stages/running_call.h"

#include <gtest/gtest.h>

#include "support/stage_fakes.h"

namespace planwright::running_call_test {
namespace {

TEST(RunningCall, AStopReachesTheCallThatRunsAndNoLaterOne) {
  FakeServices services;
  RunningCall<int> running;
  running.stop(StopReason::User);
  StageCall first(services), second(services);
  {
    const RunningCall<int>::Scope scope(running, first, 1);
    EXPECT_EQ(first.reason(), StopReason::None);
    running.stop({2}, StopReason::User);
    EXPECT_EQ(first.reason(), StopReason::None);
    running.stop({2, 1}, StopReason::User);
    EXPECT_EQ(first.reason(), StopReason::User);
  }
  const RunningCall<int>::Scope scope(running, second, 1);
  EXPECT_EQ(second.reason(), StopReason::None);
}

TEST(RunningCall, OnceItIsClosedEveryCallIsStopped) {
  FakeServices services;
  RunningCall<int> running;
  StageCall first(services), second(services);
  {
    const RunningCall<int>::Scope scope(running, first);
    running.close(StopReason::Drain);
    EXPECT_EQ(first.reason(), StopReason::Drain);
  }
  const RunningCall<int>::Scope scope(running, second);
  EXPECT_EQ(second.reason(), StopReason::Drain);
}

}  // namespace
}  // namespace planwright::running_call_test

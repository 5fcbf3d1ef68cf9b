#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "planwright/plugin.hpp"
#include "planwright/testing.hpp"

#include "stages/inproc_call.h"
#include "stages/worker_wire.h"
#include "support/stage_fakes.h"

namespace planwright::remote_builder_test {
namespace {

using pw::testing::FakeHost;
using testing::ElementsAre;
using testing::HasSubstr;

class Talker {
 public:
  explicit Talker(const pw::Settings&) {}
  std::string submit(const pw::Job& job, pw::Call&) { return "h/" + std::string(job.token()); }
  void observe(pw::Observation& observation, pw::Call& call) {
    for (const auto& handle : observation.handles()) {
      observation.log(handle, "a line");
      observation.output(handle, "a.txt", call.putBytes("bytes", "text/plain"));
      observation.failed(handle, "no space", 4);
    }
    observation.next(std::chrono::milliseconds(70));
  }
  void withdraw(std::string_view handle, pw::Call& call) { call.info(handle); }
};

TEST(RemoteBuilder, IsTriedWithAFakeHost) {
  const auto& table = pw::RemoteBuilder<Talker>::vtable;
  FakeHost host;
  ASSERT_TRUE(host.submit(table, {.token = "t1"}).ok());
  EXPECT_THAT(host.emitted("handle"), ElementsAre(R"({"handle":"h/t1"})"));
  const auto end = host.observe(table, R"(["h/t1"])");
  ASSERT_TRUE(end.ok()) << end.message;
  EXPECT_EQ(end.nextPollMs, 70u);
  EXPECT_THAT(host.emitted("state"),
              ElementsAre(R"({"handle":"h/t1","state":"failed","message":"no space","exit":4})"));
  EXPECT_THAT(host.emitted("output"), ElementsAre(R"({"handle":"h/t1","name":"a.txt","digest":")" +
                                                  pw::sha256("bytes") + "\"}"));
  EXPECT_EQ(host.logs.at(0).fieldsJson, R"({"handle":"h/t1"})");
  ASSERT_TRUE(host.withdraw(table, "h/t1").ok());
  EXPECT_EQ(host.logs.at(1).message, "h/t1");
}

TEST(RemoteBuilder, ALookComesThroughTheWireAsItWas) {
  StageOutcome look;
  look.outputs.push_back({"a.txt", "sha256:1", "h1"});
  look.states.push_back({"h1", RemoteState::Stage::Succeeded, {}, 0});
  look.states.push_back({"h2", RemoteState::Stage::Lost, "Node 7 is gone.", -1});
  look.next = std::chrono::milliseconds(1234);
  const auto back = outcomeFrom(Verb::Observe, {FrameKind::Done, 1, toMeta(look), {}});
  ASSERT_TRUE(back);
  EXPECT_EQ(back->next, look.next);
  ASSERT_EQ(back->outputs.size(), 1u);
  EXPECT_EQ(back->outputs[0].handle + back->outputs[0].name, "h1a.txt");
  ASSERT_EQ(back->states.size(), 2u);
  EXPECT_EQ(back->states[0].stage, RemoteState::Stage::Succeeded);
  EXPECT_EQ(back->states[0].exitCode, 0);
  EXPECT_EQ(back->states[1].handle + ": " + back->states[1].message, "h2: Node 7 is gone.");
  EXPECT_TRUE(back->states[1].isEnd());
  const auto odd =
      outcomeFrom(Verb::Observe, {FrameKind::Done, 1, R"({"states":[{"state":"odd"}]})", {}});
  EXPECT_THAT(odd.error().message, HasSubstr("waiting, running, succeeded, failed or lost"));
}

/// What a host makes of an emit during a call of this kind.
std::string breachOf(Verb verb, const char* what, const char* json, int times = 1) {
  FakeServices services;
  StageCall call(services);
  pw_call record;
  record.begin(verb, call);
  for (int i = 0; i < times; ++i) record.emit(what, json);
  const auto failure = record.end(PW_OK, "test.talker").failure;
  return failure ? failure->message : "";
}

TEST(RemoteBuilder, AHostRefusesWhatBreaksTheContract) {
  EXPECT_EQ(breachOf(Verb::Submit, "handle", R"({"handle":"h"})"), "");
  EXPECT_THAT(breachOf(Verb::Submit, "handle", R"({"handle":"h"})", 2), HasSubstr("second handle"));
  EXPECT_THAT(breachOf(Verb::Submit, "handle", R"({"handle":""})"), HasSubstr("1 to 4096 bytes"));
  EXPECT_THAT(breachOf(Verb::Submit, "handle", "{}", 0), HasSubstr("gave no handle"));
  EXPECT_THAT(breachOf(Verb::Submit, "state", "{}"), HasSubstr("does not belong here"));
  EXPECT_EQ(breachOf(Verb::Observe, "state", R"({"handle":"h","state":"running"})"), "");
  EXPECT_THAT(breachOf(Verb::Observe, "state", R"({"handle":"h","state":"done"})"),
              HasSubstr("waiting, running, succeeded, failed"));
  EXPECT_THAT(breachOf(Verb::Withdraw, "handle", R"({"handle":"h"})"),
              HasSubstr("does not belong here"));
}

}  // namespace
}  // namespace planwright::remote_builder_test

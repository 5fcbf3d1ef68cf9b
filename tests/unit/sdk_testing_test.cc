#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "planwright/plugin.hpp"
#include "planwright/testing.hpp"

#include "base/digest.h"
#include "base/files.h"
#include "model/plan_document.h"
#include "support/temp_folder.h"

namespace planwright::sdk_testing_test {
namespace {

using pw::testing::End;
using pw::testing::FakeHost;

/// Does what its setting `how` says.
class Scripted {
 public:
  explicit Scripted(const pw::Settings& settings) : how_(settings.text("how")) {
    if (how_ == "config") pw::badSetting("impossible");
  }
  void start(pw::Call& call) { call.debug("start"); }
  void stop(pw::Call& call) { call.debug("stop"); }

  void plan(const pw::Input& input, pw::Plan& plan, pw::Call& call) {
    if (how_ == "double") call.emit("plan", "{\"jobs\":[]}");
    if (how_ == "late") last = &call;
    if (how_ == "reject") pw::reject("line 3", "the story");
    if (how_ == "secret") call.info(call.secret("token"));
    if (how_ == "exec") call.info(call.exec({.argv = {"true"}}).how());
    call.event("seen", "{}");
    call.metric("lines", 3);
    call.progress(1, 2, "half");
    plan.job("a").arg("text", input.text());
  }
  void build(const pw::Job& job, pw::Call& call) {
    const UniqueFd bytes = memoryFile("made");
    job.output("a.txt", call.putBlob(bytes.get(), "text/plain"));
  }
  void poll(pw::Poll& poll, pw::Call& call) {
    poll.blob("b.txt", pw::sha256(call.blob(pw::sha256("from the folder"))));
    poll.setCursor(std::string(poll.cursor()) + "+");
    poll.next(std::chrono::milliseconds(250));
  }

 private:
  const std::string how_;
  static inline pw::Call* last = nullptr;
};

End plan(FakeHost& host, const std::string& how, std::string content = "x") {
  return host.plan(pw::Planner<Scripted>::vtable, {.content = std::move(content)},
                   "{\"how\":\"" + how + "\"}");
}

TEST(FakeHost, RecordsWhatAStageDoes) {
  FakeHost host;
  EXPECT_TRUE(plan(host, "").ok());
  EXPECT_EQ(host.emitted("plan"),
            std::vector<std::string>{R"({"jobs":[{"id":"a","spec":{"text":"x"}}],"summary":{}})"});
  ASSERT_EQ(host.logs.size(), 2u);
  EXPECT_EQ(host.logs[0].message + host.logs[1].message, "startstop");
  ASSERT_EQ(host.events.size(), 1u);
  EXPECT_EQ(host.events[0].kind, "seen");
  EXPECT_EQ(host.progress.at(0).note, "half");
  EXPECT_EQ(host.metrics.at("lines"), 3);
}

TEST(FakeHost, TellsHowAStageEnded) {
  FakeHost host;
  const End end = plan(host, "reject");
  EXPECT_EQ(end.status, PW_REJECT);
  EXPECT_EQ(end.message, "line 3");
  EXPECT_EQ(end.details, "the story");
  EXPECT_EQ(plan(host, "config").status, PW_CONFIG);
  EXPECT_EQ(plan(host, "double").message, "The stage broke its contract: a second plan.");
  EXPECT_EQ(plan(host, "secret").status, PW_CONFIG);
  EXPECT_EQ(plan(host, "exec").status, PW_UNSUPPORTED);
}

TEST(FakeHost, HandsOutSecretsProgramsAndLargeInputsAsBlobs) {
  FakeHost host;
  host.secrets["token"] = "hunter2";
  host.exec = [](std::string_view) { return R"({"outcome":"failed","exit":3})"; };
  EXPECT_TRUE(plan(host, "secret").ok());
  EXPECT_TRUE(plan(host, "exec").ok());
  EXPECT_EQ(host.logs.at(1).message, "hunter2");
  EXPECT_EQ(host.logs.at(4).message, "exited with 3");
  EXPECT_TRUE(plan(host, "", std::string(100'000, 'x')).ok());
}

TEST(FakeHost, FailsAtEveryUseThatCanFail) {
  int n = 0;
  for (bool hasFailed = true; hasFailed;) {
    FakeHost host;
    host.secrets["token"] = "x";
    host.failAt = ++n;
    const End end = plan(host, "secret");
    hasFailed = host.hasFailed;
    EXPECT_EQ(end.status, hasFailed ? PW_RETRY : PW_OK) << n << " " << end.message;
  }
  EXPECT_EQ(n, 3) << "the secret, the plan, and then none";
}

TEST(FakeHost, CancelsFromTheWantedUseOn) {
  FakeHost host;
  host.cancelAt = 1;
  EXPECT_EQ(plan(host, "").status, PW_CANCELLED);
  EXPECT_TRUE(host.emits.empty());
}

TEST(FakeHost, ServesBlobsOfAFolderAndKeepsNewOnes) {
  const TempFolder folder;
  replaceFile(folder.path() / "any.name", "from the folder");
  FakeHost host;
  EXPECT_EQ(host.poll(pw::Source<Scripted>::vtable).status, PW_REJECT);
  host.blobFolder = folder.path();
  const End end = host.poll(pw::Source<Scripted>::vtable, "7");
  EXPECT_TRUE(end.ok()) << end.message;
  EXPECT_EQ(end.nextPollMs, 250u);
  EXPECT_EQ(host.emitted("cursor"), std::vector<std::string>{"7+"});
  EXPECT_TRUE(host.build(pw::Builder<Scripted>::vtable, {}).ok());
  EXPECT_EQ(host.emitted("output").at(0),
            R"({"name":"a.txt","digest":")" + pw::sha256("made") + R"("})");
}

/// Emits the plan that it is given.
struct Repeats {
  explicit Repeats(const pw::Settings&) {}
  void plan(const pw::Input& input, pw::Plan& out, pw::Call& call) {
    if (input.name() != "by hand") {
      out.job("a").output("f");
      out.job("b").input("in", "a/f");
      return;
    }
    call.emit("plan", input.text());
    pw::fail("it is out");
  }
};

/// It took all of these, so that a planner passed its own tests and no host took its plans.
TEST(FakeHost, RefusesAPlanThatNoHostTakes) {
  const auto whyNot = [](const std::string& jobs) {
    FakeHost host;
    return host
        .plan(pw::Planner<Repeats>::vtable,
              {.name = "by hand", .content = "{\"jobs\":[" + jobs + "]}"})
        .message;
  };
  EXPECT_THAT(
      whyNot(R"({"id":"a"},{"id":"b","inputs":{"x":"a/f"}})"),
      testing::HasSubstr("its plan breaks the rules: job b: it takes a file from a, which is not"));
  for (const char* jobs : {R"({"id":"a"},{"id":"a"})", R"({"id":"a","needs":["b"]})",
                           R"({"id":"a","outputs":["../x"]})",
                           R"({"id":"a","inputs":{"x":{"text":""},"x/y":{"text":""}}})",
                           R"({"id":"a","inputs":{"x":"sha256:12"}})", R"({"needs":[]})"}) {
    EXPECT_THAT(whyNot(jobs), testing::HasSubstr("its plan breaks the rules")) << jobs;
    EXPECT_FALSE(PlanDocument::parse("{\"jobs\":[" + std::string(jobs) + "]}")) << jobs;
  }
  EXPECT_EQ(whyNot(R"({"id":"a"},{"id":"b","needs":["a"],"inputs":{"x":"a/f"}})"), "it is out");
}

/// Every plan with such an input was refused.
TEST(FakeHost, AnInputFromAJobIsANeed) {
  FakeHost host;
  const End end = host.plan(pw::Planner<Repeats>::vtable, {});
  EXPECT_TRUE(end.ok()) << end.message;
  EXPECT_TRUE(PlanDocument::parse(host.emitted("plan").at(0)));
}

/// Says what its place is, by a blob.
struct Placed {
  explicit Placed(const pw::Settings& settings) : wait(settings.duration("wait", "2s")) {}
  void poll(pw::Poll& poll, pw::Call& call) {
    poll.blob("place", call.putBytes(call.folder() + " " + std::to_string(call.maxBytes()), ""));
    poll.blob("bad\xff", "sha256:none");
    poll.next(wait);
  }
  const std::chrono::milliseconds wait;
};

TEST(FakeHost, GivesASourceItsPlace) {
  const auto& source = pw::Source<Placed>::vtable;
  FakeHost host;
  EXPECT_EQ(host.poll(source).status, PW_UNSUPPORTED);
  host.folder = "/somewhere";
  host.maxBytes = 7;
  EXPECT_EQ(host.poll(source, "", R"({"wait":"1min"})").nextPollMs, 60'000u);
  EXPECT_EQ(host.emitted("input"), std::vector<std::string>{R"({"name":"place","digest":")" +
                                                            pw::sha256("/somewhere 7") + R"("})"});
  ASSERT_EQ(host.events.size(), 1u) << "a name that is not UTF-8 is refused";
  EXPECT_EQ(host.events[0].json,
            R"({"name":"bad\\xff","reason":"its name is not UTF-8; rename it"})");
  for (const char* wrong : {"2", "s", "-1s", "2 s", "31d", "99999999999999999999s"})
    EXPECT_EQ(host.poll(source, "", R"({"wait":")" + std::string(wrong) + R"("})").status,
              PW_CONFIG)
        << wrong;
}

TEST(Sha256, IsTheHostsDigestForEveryLength) {
  std::string bytes;
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(pw::sha256(bytes), Digest::of(bytes).text()) << i;
    bytes += static_cast<char>(i * 37);
  }
}

}  // namespace
}  // namespace planwright::sdk_testing_test

#include "stages/host_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stages/inproc_call.h"
#include "support/stage_fakes.h"

namespace planwright::host_table_test {
namespace {

using testing::ElementsAre;

pw_str str(std::string_view text) {
  return {text.data(), text.size()};
}

class HostTableTest : public testing::Test {
 protected:
  HostTableTest() { services.secrets = {{"token", "hunter2"}}; }

  static Manifest manifest() {
    Manifest manifest;
    manifest.id = "test.plugin";
    manifest.secrets = {"token"};
    return manifest;
  }
  /// A call in which the plugin gets its secret.
  void callWithSecret() {
    StageCall stage(services);
    call.begin(Verb::Plan, stage);
    EXPECT_EQ(table->secret(table->ctx, &call, str("token"), nullptr, [](void*, pw_str) {}), PW_OK);
    call.end(PW_OK, "test.plugin");
  }
  void count(pw_call* of) {
    table->metric(table->ctx, of, PW_COUNTER, str("n"), 1, str(R"({"token":"hunter2"})"));
  }

  FakeServices services;
  ScriptedPrograms programs;
  std::vector<std::string> labels;
  HostTable host{manifest(), programs, {}, [this](int, auto, double, std::string_view given) {
                   labels.emplace_back(given);
                 }};
  const pw_host* table = host.table();
  pw_call call;
};

// Only the call that was given it knew the secret, and only while it ran.
TEST_F(HostTableTest, AMetricOfACallThatIsOverTellsNoSecret) {
  callWithSecret();
  count(&call);
  count(nullptr);
  EXPECT_THAT(labels, ElementsAre(R"({"token":"***"})", R"({"token":"***"})"));
}

TEST_F(HostTableTest, ALaterCallTellsNoSecretOfOneBefore) {
  callWithSecret();
  StageCall stage(services);
  call.begin(Verb::Plan, stage);
  table->log(table->ctx, &call, PW_INFO, str("it was hunter2"), str("{}"));
  call.end(PW_OK, "test.plugin");
  EXPECT_THAT(services.logs, ElementsAre("it was ***"));
}

}  // namespace
}  // namespace planwright::host_table_test

// What is sent to receivers of events and to forges, and where it may go.
#include <numeric>

#include <gmock/gmock.h>

#include "base/address_range.h"
#include "base/json.h"
#include "webhooks/cloud_event.h"
#include "webhooks/forge_status.h"
#include "webhooks/posts.h"
#include "webhooks/signature.h"
#include "webhooks/webhook_sender.h"

namespace planwright::webhook_test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

/// Of the reference libraries of standardwebhooks.com.
constexpr const char* kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr const char* kSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

std::string signedBy(std::string_view secret, std::string_view old) {
  return webhookSignature(secret, old, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330",
                          R"({"test": 2432232314})");
}

TEST(WebhookSignature, IsThatOfTheReference) {
  EXPECT_EQ(signedBy(kSecret, ""), kSignature);
}

TEST(WebhookSignature, HasOneOfEachKeyWhileTheyRotate) {
  const std::string other = makeWebhookSecret();
  EXPECT_THAT(other, StartsWith("whsec_"));
  EXPECT_NE(other, makeWebhookSecret());
  EXPECT_EQ(signedBy(other, kSecret), signedBy(other, "") + " " + kSignature);
}

TEST(WebhookRetries, TakeADayAndThenEnd) {
  std::chrono::seconds all{0};
  int attempts = 1;
  for (; webhookRetryDelay(attempts); ++attempts) {
    EXPECT_GE(*webhookRetryDelay(attempts), std::chrono::seconds(5));
    all += *webhookRetryDelay(attempts);
  }
  EXPECT_GT(all, std::chrono::hours(23));
  EXPECT_LE(all, std::chrono::hours(24));
  EXPECT_EQ(attempts, 12);
}

StoredEvent event(const std::string& type, const std::string& subject) {
  return {
      .place = {1, 20, 300},
      .type = type,
      .subject = subject,
      .queue = "default",
      .json =
          R"({"specversion":"1.0","id":"1-20-300","source":"/planwright/queues/default","type":")" +
          type + R"(","subject":")" + subject +
          R"(","time":"2026-01-01T00:00:00.000Z","datacontenttype":"application/json",)"
          R"("queue":"","level":"info","actor":"an \"Ä%\n","data":{"message":"it is so"}})"};
}

TEST(CloudEvents, StructuredIsTheWholeEvent) {
  const auto message =
      cloudEventMessage({.id = 3, .url = "https://a.example/"}, event("plan.built", "plan/7"));
  EXPECT_EQ(message.body, event("plan.built", "plan/7").json);
  EXPECT_THAT(message.headers,
              ElementsAre("content-type: application/cloudevents+json; charset=utf-8"));
  EXPECT_EQ(message.subject, "plan/7");
}

TEST(CloudEvents, BinaryCarriesTheAttributesInHeaders) {
  const auto message =
      cloudEventMessage({.id = 3, .isBinary = true}, event("plan.built", "plan/7"));
  EXPECT_EQ(message.body, R"({"message":"it is so"})");
  EXPECT_THAT(
      message.headers,
      ElementsAre("content-type: application/json", "ce-specversion: 1.0", "ce-id: 1-20-300",
                  "ce-source: /planwright/queues/default", "ce-type: plan.built",
                  "ce-subject: plan/7", "ce-time: 2026-01-01T00:00:00.000Z", "ce-level: info",
                  "ce-actor: an%20%22%C3%84%25%0A"))
      << "what is empty is left out, and nothing ends a header";
}

TEST(WebhookMessages, HaveOneIdForTheSameBytesOnly) {
  const Webhook webhook{.id = 3, .url = "https://a.example/"};
  Webhook binary = webhook, other = webhook;
  binary.isBinary = true;
  other.id = 4;
  const std::string id = cloudEventMessage(webhook, event("plan.built", "plan/7")).id;
  EXPECT_THAT(id, StartsWith("msg_"));
  EXPECT_THAT(id, Not(HasSubstr("."))) << "dots separate what is signed";
  EXPECT_EQ(cloudEventMessage(webhook, event("plan.built", "plan/7")).id, id);
  EXPECT_NE(cloudEventMessage(webhook, event("plan.built", "plan/8")).id, id);
  EXPECT_NE(cloudEventMessage(binary, event("plan.built", "plan/7")).id, id);
  EXPECT_NE(cloudEventMessage(other, event("plan.built", "plan/7")).id, id);
}

TEST(CloudEvents, ABodyIsAsDeepAsAnyThatWeRead) {
  constexpr int kDepth = JsonLimits{}.depth;
  std::string deep = "1";
  for (int i = 0; i < kDepth - 1; ++i) deep = R"({"a":)" + deep + "}";
  StoredEvent deepest = event("reported.x", "job/7");
  deepest.json = R"({"id": "1", "data": )" + deep + "}";
  const Webhook binary{.id = 1, .url = "https://a.example/", .isBinary = true};
  EXPECT_EQ(cloudEventMessage(binary, deepest).body, deep);
}

/// A hash of Git.
const std::string kCommit = std::string(34, '0') + "c0ffee";

class ForgeStatus : public testing::TestWithParam<WebhookKind> {
 protected:
  Webhook forge() const {
    return {.id = 1,
            .kind = GetParam(),
            .url = "https://forge.example/api",
            .tokenName = "T",
            .repository = "acme/lib",
            .page = "https://ci.example"};
  }
  std::optional<WebhookMessage> tell(const char* type, const char* subject,
                                     const std::string& commit = kCommit) {
    return forgeMessage(forge(), event(type, subject), {commit, "requirements.txt"});
  }
  std::string stateOf(const char* type, const char* subject) {
    return textOr(*parseJson(tell(type, subject)->body), "state");
  }
};
INSTANTIATE_TEST_SUITE_P(All, ForgeStatus,
                         testing::Values(WebhookKind::GitHub, WebhookKind::Gitea,
                                         WebhookKind::GitLab),
                         [](const auto& each) { return std::string(toText(each.param)); });

TEST_P(ForgeStatus, TellsOfACommitAndLeadsToThePage) {
  const auto message = tell("plan.building", "plan/7");
  ASSERT_TRUE(message);
  const bool isGitLab = GetParam() == WebhookKind::GitLab;
  EXPECT_EQ(message->url, std::string("https://forge.example/api/") +
                              (isGitLab ? "projects/acme%2Flib" : "repos/acme/lib") + "/statuses/" +
                              kCommit);
  const auto body = parseJson(message->body);
  EXPECT_EQ(textOr(*body, "target_url"), "https://ci.example/plans/7");
  EXPECT_EQ(textOr(*body, isGitLab ? "name" : "context"), "planwright/default/requirements.txt");
  EXPECT_EQ(textOr(*body, "description"), "plan/7: being built");
  EXPECT_EQ(message->subject, kCommit + " planwright/default/requirements.txt")
      << "states of one file of a commit arrive in their order";
  EXPECT_THAT(message->headers, Contains("content-type: application/json"));
}

TEST_P(ForgeStatus, KnowsTheWordsOfEachForge) {
  const bool isGitLab = GetParam() == WebhookKind::GitLab;
  EXPECT_EQ(stateOf("input.recorded", "input/3"), "pending");
  EXPECT_EQ(stateOf("plan.ready_for_build", "plan/7"), "pending");
  EXPECT_EQ(stateOf("plan.building", "plan/7"), isGitLab ? "running" : "pending");
  EXPECT_EQ(stateOf("plan.built", "plan/7"), "success");
  EXPECT_EQ(stateOf("plan.failed", "plan/7"), isGitLab ? "failed" : "failure");
  EXPECT_EQ(stateOf("input.failed", "input/3"), isGitLab ? "failed" : "failure");
  EXPECT_EQ(stateOf("plan.cancelled", "plan/7"), isGitLab ? "canceled" : "error");
}

TEST_P(ForgeStatus, SaysNothingOfWhatCameFromElsewhereOrIsNoState) {
  EXPECT_FALSE(tell("plan.built", "plan/7", ""));
  for (const std::string path : {"../../user/keys", "main", "?x"})
    EXPECT_FALSE(tell("plan.built", "plan/7", path)) << path;
  EXPECT_FALSE(tell("job.running", "job/88"));
  EXPECT_FALSE(tell("plan.queued", "plan/7"));
}

TEST(Forges, TakeTheirTokenInTheirOwnHeader) {
  EXPECT_EQ(forgeAuthorization(WebhookKind::GitHub, "t"), "authorization: Bearer t");
  EXPECT_EQ(forgeAuthorization(WebhookKind::Gitea, "t"), "authorization: token t");
  EXPECT_EQ(forgeAuthorization(WebhookKind::GitLab, "t"), "private-token: t");
}

TEST(Forges, AStatusThatIsThereAlreadyHasArrived) {
  const char* answer = R"({"message":"Cannot transition status via :run from :running"})";
  EXPECT_TRUE(isThereAlready(WebhookKind::GitLab, 400, answer));
  EXPECT_FALSE(isThereAlready(WebhookKind::GitLab, 400, "ref is missing"));
  EXPECT_FALSE(isThereAlready(WebhookKind::GitHub, 400, answer));
}

bool isOpen(const char* text) {
  return isPublic(*addressOf(text));
}

TEST(Addresses, OfThePublicInternetAreKnown) {
  for (const char* text :
       {"1.1.1.1", "172.32.0.1", "172.15.255.255", "198.20.0.1", "223.255.255.255", "100.63.0.1",
        "100.128.0.1", "2606:4700::1111", "2a00:1450:4001::1", "::ffff:8.8.8.8"})
    EXPECT_TRUE(isOpen(text)) << text;
}

TEST(Addresses, OfThisMachineOfPrivateAndOfSpecialNetworksAreNotPublic) {
  for (const char* text : {"127.0.0.1",
                           "127.255.255.254",
                           "0.0.0.0",
                           "10.0.0.1",
                           "172.16.0.1",
                           "172.31.255.1",
                           "192.168.1.1",
                           "169.254.169.254",
                           "100.64.0.1",
                           "192.0.2.1",
                           "198.18.0.1",
                           "224.0.0.1",
                           "255.255.255.255",
                           "::",
                           "::1",
                           "fc00::1",
                           "fd12::1",
                           "fe80::1",
                           "ff02::1",
                           "2001:db8::1",
                           "::ffff:127.0.0.1",
                           "::ffff:10.0.0.1",
                           "64:ff9b::a00:1",
                           "2002:7f00:1::",
                           "2001::1",
                           "::127.0.0.1",
                           "fec0::1"})
    EXPECT_FALSE(isOpen(text)) << text;
}

bool isIn(const char* range, const char* address) {
  const auto parsed = AddressRange::parse(range);
  return parsed && parsed->has(*addressOf(address));
}

TEST(AddressRanges, HaveTheAddressesThatBeginSo) {
  EXPECT_TRUE(isIn("127.0.0.0/8", "127.9.9.9"));
  EXPECT_TRUE(isIn("127.0.0.0/8", "::ffff:127.0.0.1")) << "the same address in the form of IPv6";
  EXPECT_FALSE(isIn("127.0.0.0/8", "126.0.0.1"));
  EXPECT_TRUE(isIn("10.1.0.0/15", "10.0.0.1"));
  EXPECT_FALSE(isIn("10.0.0.0/15", "10.2.0.1"));
  EXPECT_TRUE(isIn("fd00::/8", "fdff::1"));
  EXPECT_FALSE(isIn("::1", "::2"));
  EXPECT_TRUE(isIn("0.0.0.0/0", "10.0.0.1"));
  EXPECT_FALSE(isIn("0.0.0.0/0", "::1"));
  for (const char* wrong : {"", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "localhost", "::/129"})
    EXPECT_FALSE(AddressRange::parse(wrong)) << wrong;
}

TEST(WebhookUrls, AreWebAddressesWithoutSecretsOfPublicPlaces) {
  const std::vector<AddressRange> home = {*AddressRange::parse("127.0.0.0/8")};
  EXPECT_THAT(urlComplaint("https://ci.example.org/hook?x=1", {}), IsEmpty());
  EXPECT_THAT(urlComplaint("http://127.0.0.1:8080/", home), IsEmpty());
  EXPECT_THAT(urlComplaint("http://127.0.0.1:8080/", {}), HasSubstr("not a public address"));
  EXPECT_THAT(urlComplaint("http://[::1]/", home), HasSubstr("not a public address"));
  EXPECT_THAT(urlComplaint("http://2130706433/", {}), HasSubstr("not a public address"))
      << "one number is an address, too";
  EXPECT_THAT(urlComplaint("ftp://a.example/", {}), HasSubstr("https://"));
  EXPECT_THAT(urlComplaint("https://u:p@a.example/", {}), HasSubstr("password"));
  EXPECT_THAT(urlComplaint("https://a.example/#x", {}), HasSubstr("#"));
  EXPECT_THAT(urlComplaint("nothing", {}), HasSubstr("URL"));
  EXPECT_THAT(urlComplaint("", {}), HasSubstr("URL"));
}

}  // namespace
}  // namespace planwright::webhook_test

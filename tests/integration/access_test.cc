// Keys of callers, on a real database: who they stand for, and for how long.
#include <fstream>

#include <gmock/gmock.h>

#include "access/keys.h"
#include "access/token_file.h"
#include "base/files.h"
#include "http/gate.h"
#include "http/request_limit.h"
#include "support/control_fixture.h"
#include "support/fake_clock.h"

namespace planwright::access_test {
namespace {

using testing::HasSubstr;
using testing::Optional;
using testing::StartsWith;

class KeysTest : public ControlFixture {
 protected:
  KeysTest() { EXPECT_TRUE(makeTokenFile(file_)); }

  std::string administrator() const {
    std::string text = readFile(file_);
    text.pop_back();
    return text;
  }
  std::optional<std::string> nameOf(KeyKind kind, const std::string& text) {
    const auto caller = keys_.find(kind, text);
    return caller ? std::optional(caller->name) : std::nullopt;
  }
  NewKey addToken(const std::string& name, Role role = Role::Viewer) {
    const auto made = keys_.addToken({.caller = {.name = name, .role = role}, .by = "test"});
    EXPECT_TRUE(made) << name;
    return *made;
  }

  const std::filesystem::path file_ = folder_ / "token";
  FakeClock time_;
  Keys keys_{{database_, live_, time_, file_}};
};

TEST_F(KeysTest, TheFileHoldsAnAdministratorsTokenThatOnlyTheHostReads) {
  EXPECT_THAT(administrator(), StartsWith("pwt_"));
  EXPECT_EQ(std::filesystem::status(file_).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  const auto caller = keys_.find(KeyKind::Token, administrator());
  ASSERT_TRUE(caller);
  EXPECT_EQ(caller->role, Role::Admin);
  EXPECT_FALSE(caller->queues);
  const std::string before = administrator();
  EXPECT_TRUE(makeTokenFile(file_));
  EXPECT_EQ(administrator(), before) << "a restart keeps it";
  std::filesystem::permissions(file_, std::filesystem::perms::others_read,
                               std::filesystem::perm_options::add);
  EXPECT_THAT(makeTokenFile(file_).error().message, HasSubstr("Others may read"));
}

TEST_F(KeysTest, ATokenStandsForItsCallerUntilItIsRevoked) {
  const auto made = keys_.addToken(
      {.caller = {.name = "ci", .role = Role::Operator, .queues = {{"default"}}}, .by = "ann"});
  ASSERT_TRUE(made);
  const auto caller = keys_.find(KeyKind::Token, made->text);
  ASSERT_TRUE(caller);
  EXPECT_EQ(caller->role, Role::Operator);
  EXPECT_THAT(caller->queues, Optional(std::set<std::string>{"default"}));
  EXPECT_EQ(keys_.find(KeyKind::Session, made->text), std::nullopt);
  EXPECT_THAT(keys_.tokensJson(), HasSubstr(R"("created_by":"ann")"));
  EXPECT_THAT(keys_.tokensJson(), Not(HasSubstr(made->text)));
  EXPECT_EQ(sql("select 1 from access_keys where digest = '" + made->text + "'").size(), 0U)
      << "only its digest is kept";

  EXPECT_EQ(keys_.addToken({.caller = {.name = "ci"}, .by = "ann"}).error().code, "name-taken");
  EXPECT_TRUE(keys_.revokeToken(made->id, "ann"));
  EXPECT_EQ(nameOf(KeyKind::Token, made->text), std::nullopt);
  EXPECT_FALSE(keys_.revokeToken(made->id, "ann"));
  EXPECT_TRUE(keys_.addToken({.caller = {.name = "ci"}, .by = "ann"})) << "the name is free again";
}

TEST_F(KeysTest, WhatExpiredOrWasNeverMadeIsNobodys) {
  const auto made =
      keys_.addToken({.caller = {.name = "ci"}, .lifetime = std::chrono::hours(1), .by = "x"});
  EXPECT_THAT(nameOf(KeyKind::Token, made->text), Optional(std::string("ci")));
  sql("update access_keys set expires_at = now() - interval '1 second'");
  time_.advance(Keys::kRemembered);
  EXPECT_EQ(nameOf(KeyKind::Token, made->text), std::nullopt);
  EXPECT_EQ(nameOf(KeyKind::Token, makeKey(KeyKind::Token)), std::nullopt);
  EXPECT_EQ(nameOf(KeyKind::Token, ""), std::nullopt);
  EXPECT_EQ(nameOf(KeyKind::Token, "' or true --"), std::nullopt);
}

TEST_F(KeysTest, AnotherHostsRevocationIsSeenAfterAMoment) {
  const NewKey made = addToken("ci");
  EXPECT_TRUE(nameOf(KeyKind::Token, made.text));
  sql("update access_keys set ended_at = now()");
  EXPECT_TRUE(nameOf(KeyKind::Token, made.text)) << "no query for each request";
  time_.advance(Keys::kRemembered);
  EXPECT_FALSE(nameOf(KeyKind::Token, made.text));
}

TEST_F(KeysTest, ALinkSignsInOnce) {
  const std::string link = keys_.addAdministratorLink();
  EXPECT_EQ(nameOf(KeyKind::Token, link), std::nullopt) << "it is no token";
  const auto session = keys_.signIn(link);
  ASSERT_TRUE(session);
  EXPECT_EQ(session->first.name, "admin");
  EXPECT_THAT(nameOf(KeyKind::Session, session->second), Optional(std::string("admin")));
  EXPECT_EQ(nameOf(KeyKind::Token, session->second), std::nullopt);
  EXPECT_EQ(keys_.signIn(link).error().kind, ErrorKind::Forbidden);
  const std::string old = keys_.addAdministratorLink();
  sql("update access_keys set expires_at = now() where kind = 'link'");
  EXPECT_FALSE(keys_.signIn(old));
}

TEST_F(KeysTest, ASessionEndsWithItsTokenBySignOutAndWhenNobodyUsesIt) {
  const NewKey token = addToken("ann", Role::Approver);
  const auto first = keys_.signIn(token.text), second = keys_.signIn(token.text);
  ASSERT_TRUE(first && second);
  keys_.signOut(*keys_.find(KeyKind::Session, first->second));
  EXPECT_EQ(nameOf(KeyKind::Session, first->second), std::nullopt);
  EXPECT_TRUE(nameOf(KeyKind::Session, second->second));
  sql("update access_keys set last_used_at = now() - interval '13 hours' where kind = 'session'");
  time_.advance(Keys::kRemembered);
  EXPECT_EQ(nameOf(KeyKind::Session, second->second), std::nullopt);
  const auto third = keys_.signIn(token.text);
  EXPECT_TRUE(keys_.revokeToken(token.id, "admin"));
  EXPECT_EQ(nameOf(KeyKind::Session, third->second), std::nullopt);
}

TEST_F(KeysTest, ANewTokenInTheFileEndsWhatTheOldOneLetIn) {
  const auto session = keys_.signIn(keys_.addAdministratorLink());
  const std::string old = administrator();
  EXPECT_TRUE(nameOf(KeyKind::Session, session->second));
  std::filesystem::remove(file_);
  EXPECT_TRUE(makeTokenFile(file_));
  time_.advance(Keys::kRemembered);
  EXPECT_EQ(nameOf(KeyKind::Token, old), std::nullopt);
  EXPECT_EQ(nameOf(KeyKind::Session, session->second), std::nullopt);
}

TEST_F(KeysTest, TokensOfTheConfigurationAreReadFromTheirFiles) {
  std::ofstream(folder_ / "ci") << "any text that somebody chose\n";
  Config config = *live_.now();
  config.access.tokens = {
      {{.name = "deploy", .role = Role::Operator, .queues = {{"default"}}}, {folder_ / "ci", {}}},
      {{.name = "gone"}, {folder_ / "nothing", {}}}};
  live_.replace(std::make_shared<const Config>(config));
  EXPECT_THAT(nameOf(KeyKind::Token, "any text that somebody chose"),
              Optional(std::string("deploy")));
  EXPECT_EQ(nameOf(KeyKind::Token, "another"), std::nullopt);
  std::ofstream(folder_ / "ci") << "another\n";
  time_.advance(Keys::kRemembered);
  EXPECT_THAT(nameOf(KeyKind::Token, "another"), Optional(std::string("deploy")));
  EXPECT_EQ(nameOf(KeyKind::Token, "any text that somebody chose"), std::nullopt);
}

TEST(WrongKeys, AreCountedForEachAddressAndForgottenAfterAMinute) {
  FakeClock time;
  WrongKeys wrong(time);
  for (int i = 0; i < WrongKeys::kMost; ++i) EXPECT_FALSE(wrong.add("10.0.0.1")) << i;
  EXPECT_TRUE(wrong.add("10.0.0.1"));
  EXPECT_FALSE(wrong.add("10.0.0.2"));
  time.advance(std::chrono::seconds(61));
  EXPECT_FALSE(wrong.add("10.0.0.1"));
}

TEST(RequestLimit, HoldsEachCallerToWhatTheConfigurationAllows) {
  FakeClock time;
  Config config;
  Live<Config> inForce(config);
  RequestLimit limit(inForce, time);
  const Route route{Method::Get, "/api/plans", {}, {}, {Role::Viewer, Scope::Filtered}};
  const auto ask = [&](const std::string& name, CallerKind kind = CallerKind::Token) {
    Request request;
    request.caller = {.name = name, .kind = kind};
    return limit(request, route);
  };
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(ask("ci")) << "no limit without the setting";
  config.access.requestsPerMinute = 3;
  inForce.replace(std::make_shared<const Config>(config));
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(ask("ci")) << i;
  time.advance(std::chrono::seconds(20));
  const auto refused = ask("ci");
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 429);
  EXPECT_EQ(refused->headers.getOr("Retry-After"), "40");
  EXPECT_FALSE(ask("other"));
  for (int i = 0; i < 9; ++i) EXPECT_FALSE(ask("nobody", CallerKind::Nobody)) << "no caller";
  const Route probe{Method::Get, "/readyz", {}, {}, {Role::Nobody, Scope::Probe}};
  Request request;
  request.caller = {.name = "ci", .kind = CallerKind::Token};
  EXPECT_FALSE(limit(request, probe));
  time.advance(std::chrono::seconds(40));
  EXPECT_FALSE(ask("ci"));
}

TEST(Cookies, AreFoundByTheirWholeName) {
  Headers headers;
  headers.add("Cookie", "a=1; planwright_84=wrong; planwright_8470=right; b");
  EXPECT_EQ(cookieOf(headers, sessionCookie(8470)), "right");
  EXPECT_EQ(cookieOf(headers, "planwright"), "");
  EXPECT_EQ(cookieOf(Headers(), "a"), "");
}

}  // namespace
}  // namespace planwright::access_test

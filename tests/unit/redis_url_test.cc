#include "base/redis_url.h"

#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/url_secrets.h"

namespace planwright::redis_url_test {
namespace {

RedisUrl parsed(const std::string& text) {
  const auto url = RedisUrl::parse(text);
  EXPECT_TRUE(url) << text << ": " << url.error().message;
  return url ? *url : RedisUrl{};
}

TEST(RedisUrl, HasAHostAPortAndADatabase) {
  EXPECT_EQ(parsed("redis://"), RedisUrl{});
  EXPECT_EQ(parsed("redis://db.internal"), (RedisUrl{.host = "db.internal"}));
  EXPECT_EQ(parsed("redis://db:6380/7"), (RedisUrl{.host = "db", .port = 6380, .database = 7}));
  EXPECT_EQ(parsed("redis://db/"), (RedisUrl{.host = "db"}));
  EXPECT_EQ(parsed("redis://db?db=7"), (RedisUrl{.host = "db", .database = 7}));
  EXPECT_EQ(parsed("redis://[::1]"), (RedisUrl{.host = "::1"}));
  EXPECT_EQ(parsed("redis://[fe80::2]:1/2"),
            (RedisUrl{.host = "fe80::2", .port = 1, .database = 2}));
}

TEST(RedisUrl, HasAUserAndAPassword) {
  EXPECT_EQ(parsed("redis://:secret@db"), (RedisUrl{.host = "db", .password = "secret"}));
  EXPECT_EQ(
      parsed("redis://me:se%40cr%2Fet%25@db:1/2"),
      (RedisUrl{.host = "db", .port = 1, .database = 2, .user = "me", .password = "se@cr/et%"}));
  EXPECT_EQ(parsed("redis://me:a@b@db"), (RedisUrl{.host = "db", .user = "me", .password = "a@b"}));
  EXPECT_EQ(parsed("redis://me:a:b@[::1]"),
            (RedisUrl{.host = "::1", .user = "me", .password = "a:b"}));
  EXPECT_EQ(parsed("unix:/run/redis?user=me&password=a%26b"),
            (RedisUrl{.isUnix = true, .host = "/run/redis", .user = "me", .password = "a&b"}));
}

TEST(RedisUrl, HasTlsWithFiles) {
  EXPECT_EQ(parsed("rediss://db?ca=/etc/ca.pem&cert=/c&key=/k"), (RedisUrl{.isTls = true,
                                                                           .host = "db",
                                                                           .caFile = "/etc/ca.pem",
                                                                           .certFile = "/c",
                                                                           .keyFile = "/k"}));
}

TEST(RedisUrl, HasAPathWhoseBytesMayBeEncoded) {
  const std::string path = "/srv/50%?/redis.sock";
  EXPECT_EQ(parsed("unix:" + RedisUrl::encodedPath(path) + "?db=3"),
            (RedisUrl{.isUnix = true, .host = path, .database = 3}));
}

TEST(RedisUrl, IsRefusedWithTheReasonAndWithoutThePassword) {
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"http://:hunter2@db", "rediss://"},
      {"db:6379", "redis://HOST"},
      {"redis://:hunter2@db:port", "port"},
      {"redis://:hunter2@db:0", "port"},
      {"redis://:hunter2@db:65536", "port"},
      {"redis://:hunter2@db/one", "database"},
      {"redis://:hunter2@db/-1", "database"},
      {"redis://:hunter2@db/1/2", "database"},
      {"redis://:hunter2@db/1?db=2", "two databases"},
      {"redis://:hunter2@::1", "brackets"},
      {"redis://:hunter2@[::1", "]"},
      {"redis://:hunter2@[::1]6379", "port"},
      {"redis://:hunter2%4@db", "percent"},
      {"redis://:hunter2%00@db", "percent"},
      {"redis://:hunter2?x@db", "%3F"},
      {"redis://:hunter2@db?timeout=1", "no option timeout"},
      {"redis://:hunter2@db?ca=/x", "rediss"},
      {"rediss://:hunter2@db?ca=x", "absolute"},
      {"rediss://:hunter2@db?cert=/x", "key"},
      {"redis://me@db", "password"},
      {"unix:", "path"},
      {"unix:?db=1", "path"},
  };
  for (const auto& [text, why] : wrong) {
    const auto url = RedisUrl::parse(text);
    ASSERT_FALSE(url) << text;
    EXPECT_THAT(url.error().message, testing::HasSubstr(why)) << text;
    EXPECT_THAT(url.error().message, testing::Not(testing::HasSubstr("hunter"))) << text;
  }
}

TEST(RedisUrl, IsShownWithoutUserAndPassword) {
  EXPECT_EQ(parsed("rediss://me:secret@[::1]:1/2?ca=/x").shown(), "rediss://[::1]:1/2");
  EXPECT_EQ(parsed("unix:/run/redis?password=secret&db=4").shown(), "unix:/run/redis?db=4");
}

TEST(UrlSecrets, AreHiddenAsTheyStandThereAndDecoded) {
  const auto mask = maskOfUrl("postgresql://me:hun%40ter2@db/x?sslpassword=swordfish&host=a");
  EXPECT_EQ(mask.without("a hun%40ter2 b hun@ter2 c swordfish d me db"),
            "a *** b *** c *** d me db");
  EXPECT_TRUE(maskOfUrl("postgresql://me@db/x").isEmpty());
}

}  // namespace
}  // namespace planwright::redis_url_test

#include <gtest/gtest.h>

#include "base/percent_encoding.h"
#include "http/router.h"

namespace planwright::http_router_test {
namespace {

Handler named(const std::string& name) {
  return [name](const Request&) { return Response::text(name, "text/plain"); };
}

class RouterTest : public testing::Test {
 protected:
  RouterTest() {
    router_.get("/api/plans", named("plans"));
    router_.get("/api/plans/{id}", named("plan"));
    router_.get("/api/plans/{plan}/jobs", named("jobs"));
    router_.get("/api/plans/all", named("all"));
    router_.post("/api/plans", named("new plan"));
    router_.get("/files/{path...}", named("files"));
  }
  std::string answer(Method method, std::string_view path) {
    const Router::Match match = router_.match(method, path);
    if (match.route == nullptr) return std::to_string(match.status) + " " + match.allow;
    std::string text = std::get<std::string>(match.route->handler({}).body);
    for (const auto& [key, value] : match.params) text += " " + key + "=" + value;
    return text;
  }
  Router router_;
};

TEST_F(RouterTest, FindsLiteralsBeforeParameters) {
  EXPECT_EQ(answer(Method::Get, "/api/plans"), "plans");
  EXPECT_EQ(answer(Method::Get, "/api/plans/7"), "plan id=7");
  EXPECT_EQ(answer(Method::Get, "/api/plans/all"), "all");
  EXPECT_EQ(answer(Method::Get, "/api/plans/all/jobs"), "jobs plan=all");
}

TEST_F(RouterTest, DecodesParametersAfterSplitting) {
  EXPECT_EQ(answer(Method::Get, "/api/plans/a%2Fb%20c"), "plan id=a/b c");
  EXPECT_EQ(answer(Method::Get, "/api/plans/%zz"), "400 ");
  EXPECT_EQ(answer(Method::Get, "/api/plans/%00"), "400 ");
  EXPECT_EQ(answer(Method::Get, "/api/plans/%ff"), "400 ");
}

TEST_F(RouterTest, ARestParameterTakesSlashes) {
  EXPECT_EQ(answer(Method::Get, "/files/a/b/c.js"), "files path=a/b/c.js");
  EXPECT_EQ(answer(Method::Get, "/files/"), "404 ");
}

TEST_F(RouterTest, EmptySegmentsAreNotOthers) {
  EXPECT_EQ(answer(Method::Get, "//api/plans"), "404 ");
  EXPECT_EQ(answer(Method::Get, "/api/plans/"), "404 ");
  EXPECT_EQ(answer(Method::Get, "/api/plans//jobs"), "404 ");
  EXPECT_EQ(answer(Method::Get, std::string(4000, '/')), "404 ");
}

TEST_F(RouterTest, HeadIsServedByGet) {
  EXPECT_EQ(answer(Method::Head, "/api/plans/7"), "plan id=7");
}

TEST_F(RouterTest, OtherMethodsGetTheAllowedOnes) {
  EXPECT_EQ(answer(Method::Delete, "/api/plans"), "405 GET, HEAD, POST, OPTIONS");
  EXPECT_EQ(answer(Method::Options, "/api/plans/7"), "204 GET, HEAD, OPTIONS");
  EXPECT_EQ(router_.match(Method::Options, "*").status, 204);
}

TEST_F(RouterTest, TheFallbackServesReadsOnly) {
  router_.fallback(named("page"));
  EXPECT_EQ(answer(Method::Get, "/some/page"), "page");
  EXPECT_EQ(answer(Method::Post, "/some/page"), "404 ");
}

TEST_F(RouterTest, RefusesTheSameRouteTwice) {
  EXPECT_THROW(router_.get("/api/plans/{other}", named("x")), std::invalid_argument);
  EXPECT_THROW(router_.get("api", named("x")), std::invalid_argument);
  EXPECT_THROW(router_.get("/x/{rest...}/y", named("x")), std::invalid_argument);
}

TEST(Query, DecodesKeysAndValuesAndKeepsRepeats) {
  const Result<Query> query = Query::parse("a=1&b=x+y%26z&a=2&flag&=e");
  ASSERT_TRUE(query);
  EXPECT_EQ(query->find("b"), "x y&z");
  EXPECT_EQ(query->all("a"), (std::vector<std::string>{"1", "2"}));
  EXPECT_EQ(query->textOr("flag", "none"), "");
  EXPECT_FALSE(Query::parse("a=%f"));
  EXPECT_FALSE(Query::parse("a=%c3%28"));
}

TEST(Query, NamesTheWrongParameter) {
  const Result<Query> query = Query::parse("limit=12abc&auto=maybe");
  ASSERT_TRUE(query);
  EXPECT_EQ(query->number("limit", 1, 200).error().pointer, "limit");
  EXPECT_EQ(query->flag("auto").error().pointer, "auto");
  EXPECT_FALSE(*query->number("cursor", 1, 2));
}

TEST(Url, EncodesWhatIsNotUnreserved) {
  EXPECT_EQ(percentEncoded("a b/ü~"), "a%20b%2F%C3%BC~");
  EXPECT_EQ(*decodedUrl("a%20b%2F%c3%bc~+"), "a b/ü~+");
}

TEST(Request, IdsArePositiveNumbers) {
  Request request;
  request.params["id"] = "12";
  EXPECT_EQ(*request.id(), 12);
  for (const char* wrong : {"", "0", "-1", "12abc", "99999999999999999999"}) {
    request.params["id"] = wrong;
    EXPECT_EQ(request.id().error().kind, ErrorKind::NotFound) << wrong;
  }
}

}  // namespace
}  // namespace planwright::http_router_test

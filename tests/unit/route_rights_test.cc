// The table of who may do what, against the document that says what there is.
#include "http/route_rights.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

#include "base/embedded_files.h"
#include "base/json.h"

namespace planwright {
namespace {

struct Operation {
  Method method;
  std::string path;
  bool isOpen = false;  ///< "security": []
};

Method methodOf(std::string_view name) {
  for (const Method method :
       {Method::Get, Method::Post, Method::Put, Method::Patch, Method::Delete})
    if (equalsIgnoringCase(toText(method), name)) return method;
  ADD_FAILURE() << name;
  return Method::Get;
}

/// The document's pattern as the router writes it.
std::string routeOf(std::string path) {
  const std::string rest = "{path}";
  if (const auto at = path.find(rest); at != std::string::npos)
    path.replace(at, rest.size(), "{path...}");
  return path;
}

std::vector<Operation> operations() {
  const auto document = parseJson(embeddedFiles().at("host/http/openapi.json"));
  std::vector<Operation> all;
  for (const auto& path : find(*document, "paths")->GetObject())
    for (const auto& operation : path.value.GetObject()) {
      const JsonValue* security = find(operation.value, "security");
      all.push_back({methodOf(operation.name.GetString()), routeOf(path.name.GetString()),
                     security && security->Empty()});
    }
  return all;
}

TEST(RouteRights, EveryOperationHasAnEntry) {
  ASSERT_GT(operations().size(), 80U);
  for (const auto& operation : operations())
    EXPECT_TRUE(hasRight(operation.method, operation.path))
        << toText(operation.method) << " " << operation.path;
}

TEST(RouteRights, WhatIsOpenIsWhatTheDocumentSays) {
  std::set<std::string> open, said;
  for (const auto& operation : operations()) {
    const std::string name = std::string(toText(operation.method)) + " " + operation.path;
    if (rightOf(operation.method, operation.path).role == Role::Nobody) open.insert(name);
    if (operation.isOpen) said.insert(name);
  }
  EXPECT_EQ(open, said);
  EXPECT_EQ(said,
            (std::set<std::string>{"GET /healthz", "GET /readyz", "GET /api/me", "POST /api/login",
                                   "POST /api/logout", "POST /api/queues/{queue}/nudge"}));
}

TEST(RouteRights, WhatChangesSomethingTakesMoreThanReading) {
  for (const auto& operation : operations()) {
    const RouteRight right = rightOf(operation.method, operation.path);
    if (!isWrite(operation.method) || right.role == Role::Nobody) continue;
    const bool isOwnLink = operation.path == "/api/login-links";
    EXPECT_EQ(right.role >= Role::Operator, !isOwnLink) << operation.path;
  }
}

TEST(RouteRights, WhatIsNotInTheTableIsForAdministratorsOfAllQueues) {
  const RouteRight right = rightOf(Method::Get, "/api/new-thing");
  EXPECT_EQ(right.role, Role::Admin);
  EXPECT_EQ(right.scope, Scope::Whole);
  EXPECT_FALSE(hasRight(Method::Get, "/api/new-thing"));
}

}  // namespace
}  // namespace planwright

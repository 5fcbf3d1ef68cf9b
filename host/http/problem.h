#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "http/response.h"

namespace planwright {

/// An RFC 9457 problem. `instance` and `request_id` are filled in by the dispatcher.
struct Problem {
  int status = 500;
  std::string code;    ///< stable: "already-building" gives type "/problems/already-building"
  std::string detail;  ///< plain words, one or two sentences
  std::string title;   ///< empty = made from the code
  std::vector<std::pair<std::string, std::string>> errors;  ///< JSON pointer (or parameter), detail
  /// More members as JSON text, e.g. {"current_etag", "\"abc\""}.
  std::vector<std::pair<std::string, std::string>> extensions;
};

/// The only place where an ErrorKind becomes a status. Invalid with a JSON pointer into the body is
/// 422.
int httpStatus(const Error& error);
Problem toProblem(const Error& error);

/// application/problem+json; 503 gets Retry-After.
Response problem(const Problem& problem);
Response problem(const Error& error);
Response problem(int status, std::string_view code, std::string detail);

/// The code of a refusal that has no better one: "uri-too-long" for 414.
std::string problemCode(int status);

/// Adds `instance` and `request_id` to a problem document made by problem(); other bodies stay as
/// they are.
void completeProblem(Response& response, std::string_view instance, std::string_view requestId);

/// "Not Found" for 404; "Status" for numbers without a name.
std::string_view reasonPhrase(int status);

}  // namespace planwright

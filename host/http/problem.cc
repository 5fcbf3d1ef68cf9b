#include "http/problem.h"

#include "base/json.h"
#include "base/shown_text.h"

namespace planwright {

namespace {

constexpr std::string_view kProblemType = "application/problem+json";

std::string_view defaultCode(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::Invalid:
      return "invalid";
    case ErrorKind::NotFound:
      return "not-found";
    case ErrorKind::Gone:
      return "gone";
    case ErrorKind::Conflict:
      return "conflict";
    case ErrorKind::Stale:
      return "precondition-failed";
    case ErrorKind::Forbidden:
      return "forbidden";
    case ErrorKind::TooLarge:
      return "content-too-large";
    case ErrorKind::Unavailable:
      return "unavailable";
    case ErrorKind::Failed:
      return "internal";
  }
  return "internal";
}

/// "already-building" -> "Already building"
std::string titleOf(std::string_view code) {
  std::string title(code);
  for (char& c : title) {
    if (c == '-' || c == '_') c = ' ';
  }
  if (!title.empty() && title[0] >= 'a' && title[0] <= 'z') title[0] -= 'a' - 'A';
  return title;
}

}  // namespace

int httpStatus(const Error& error) {
  switch (error.kind) {
    case ErrorKind::Invalid:
      return error.pointer.starts_with('/') ? 422 : 400;
    case ErrorKind::NotFound:
      return 404;
    case ErrorKind::Gone:
      return 410;
    case ErrorKind::Conflict:
      return 409;
    case ErrorKind::Stale:
      return 412;
    case ErrorKind::Forbidden:
      return 403;
    case ErrorKind::TooLarge:
      return 413;
    case ErrorKind::Unavailable:
      return 503;
    case ErrorKind::Failed:
      return 500;
  }
  return 500;
}

Problem toProblem(const Error& error) {
  Problem problem;
  problem.status = httpStatus(error);
  problem.code = error.code.empty() ? std::string(defaultCode(error.kind)) : error.code;
  problem.detail = error.message;
  if (!error.pointer.empty()) problem.errors.emplace_back(error.pointer, error.message);
  return problem;
}

Response problem(const Problem& problem) {
  JsonWriter json;
  json.object()
      .member("type", "/problems/" + problem.code)
      .member("title", problem.title.empty() ? titleOf(problem.code) : problem.title)
      .member("status", problem.status)
      .member("detail", shownText(problem.detail));
  if (!problem.errors.empty()) {
    json.key("errors").array();
    for (const auto& [pointer, detail] : problem.errors) {
      json.object().member("pointer", pointer).member("detail", shownText(detail)).end();
    }
    json.end();
  }
  for (const auto& [name, value] : problem.extensions) json.rawMember(name, value);
  json.end();
  Response response = Response::text(json.take(), kProblemType, problem.status);
  if (problem.status == 503) response.headers.set("Retry-After", "1");
  return response;
}

Response problem(const Error& error) {
  return problem(toProblem(error));
}

Response problem(int status, std::string_view code, std::string detail) {
  Problem made;
  made.status = status;
  made.code = code;
  made.detail = std::move(detail);
  return problem(made);
}

std::string problemCode(int status) {
  std::string code(reasonPhrase(status));
  for (char& c : code) {
    if (c == ' ') c = '-';
    if (c >= 'A' && c <= 'Z') c += 'a' - 'A';
  }
  return code;
}

void completeProblem(Response& response, std::string_view instance, std::string_view requestId) {
  auto* body = std::get_if<std::string>(&response.body);
  if (body == nullptr || response.headers.getOr("Content-Type") != kProblemType) return;
  if (body->empty() || body->back() != '}') return;
  JsonWriter json;
  json.object().member("instance", instance).member("request_id", requestId).end();
  body->back() = ',';
  body->append(json.take(), 1);
}

// A table.  NOLINTNEXTLINE(readability-function-size)
std::string_view reasonPhrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    case 507:
      return "Insufficient Storage";
    default:
      return "Status";
  }
}

}  // namespace planwright

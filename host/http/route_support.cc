#include "http/route_support.h"

#include <algorithm>
#include <memory>
#include <vector>

#include <unistd.h>

#include "base/digest.h"
#include "base/percent_encoding.h"
#include "base/utf8.h"
#include "http/url.h"

namespace planwright {

namespace {

/// Method, target, caller and body of a request as one digest. Leaves the body file's offset alone.
Digest digestOf(const Request& request) {
  Sha256 hash;
  hash.update(toText(request.method));
  hash.update(request.target);
  hash.update(std::string_view("\0", 1));
  hash.update(request.caller.name);
  hash.update(std::string_view("\0", 1));
  hash.update(request.body);
  if (!request.bodyFile) return hash.finish();
  std::string piece(256 * 1024, '\0');
  for (off_t at = 0;;) {
    const ssize_t size = ::pread(request.bodyFile->get(), piece.data(), piece.size(), at);
    if (size <= 0) return hash.finish();
    hash.update({piece.data(), static_cast<std::size_t>(size)});
    at += size;
  }
}

Response replay(const KeptAnswer& kept) {
  Response response = Response::text(
      kept.body, kept.status >= 400 ? "application/problem+json" : "application/json", kept.status);
  if (!kept.location.empty()) response.with("Location", kept.location);
  response.with("Idempotent-Replay", "true");
  return response;
}

bool isHex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

Response jsonOr(Result<std::string> result) {
  if (!result) return problem(result.error());
  return Response::json(std::move(*result));
}

Handler withQuery(std::initializer_list<std::string_view> allowed, Handler handler) {
  return [names = std::vector<std::string_view>(allowed),
          handler = std::move(handler)](const Request& request) {
    for (const auto& [key, value] : request.query.items()) {
      if (std::find(names.begin(), names.end(), key) == names.end())
        return problem(Error{ErrorKind::Invalid, "There is no parameter \"" + key + "\" here.",
                             "unknown-parameter", key});
      if (request.query.all(key).size() > 1)
        return problem(Error{ErrorKind::Invalid, "It is there more than once.", {}, key});
    }
    return handler(request);
  };
}

Handler idempotent(Control& control, Handler handler) {
  return [&control, handler = std::move(handler)](const Request& request) {
    const auto sent = request.headers.find("Idempotency-Key");
    if (!sent) return handler(request);
    const std::string key(*sent);
    if (!isUtf8(key)) return problem(400, "invalid", "Idempotency-Key must be in UTF-8.");
    auto begun = control.idempotency.begin(key, digestOf(request));
    if (!begun) return problem(begun.error());
    if (*begun) return replay(**begun);
    Response response;
    try {
      response = handler(request);
    } catch (...) {
      control.idempotency.drop(key);
      throw;
    }
    const auto* body = std::get_if<std::string>(&response.body);
    if (body && response.status < 500)
      control.idempotency.keep(
          key, {response.status, *body, std::string(response.headers.getOr("Location"))});
    else
      control.idempotency.drop(key);
    return response;
  };
}

std::optional<std::string> optionalText(const Request& request, std::string_view name) {
  const auto value = request.query.find(name);
  return value && !value->empty() ? std::optional(std::string(*value)) : std::nullopt;
}

Result<long long> numberParameter(const Request& request, std::string_view name, long long fallback,
                                  long long low, long long high) {
  const auto value = request.query.number(name, low, high);
  if (!value) return value.error();
  return value->value_or(fallback);
}

SomeQueues queuesWanted(const Request& request) {
  const auto asked = optionalText(request, "queue");
  if (!asked) return request.caller.queues;
  return request.caller.mayUse(*asked) ? std::set{*asked} : std::set<std::string>();
}

Result<ListQuery> listQuery(const Request& request) {
  const auto limit = numberParameter(request, "limit", 50, 1, 200);
  if (!limit) return limit.error();
  return ListQuery{.queues = queuesWanted(request),
                   .status = optionalText(request, "status"),
                   .text = optionalText(request, "q"),
                   .reason = optionalText(request, "reason"),
                   .cursor = optionalText(request, "cursor"),
                   .limit = static_cast<int>(*limit)};
}

Handler listHandler(Control& control, Listed what) {
  return withQuery({"queue", "status", "q", "reason", "cursor", "limit"},
                   [&control, what](const Request& request) {
                     const auto query = listQuery(request);
                     if (!query) return problem(query.error());
                     return jsonOr(control.listings.list(what, *query));
                   });
}

Handler itemHandler(Control& control, Listed what) {
  return withQuery({}, withId([&control, what](std::int64_t id) {
                     return jsonOr(control.listings.item(what, id));
                   }));
}

Handler explainHandler(Control& control, Listed what) {
  return withQuery({}, withId([&control, what](std::int64_t id) {
                     return jsonOr(control.listings.explain(what, id));
                   }));
}

Response enqueuedResponse(const Result<Enqueued>& done, std::string_view name) {
  if (!done) return problem(done.error());
  JsonWriter json;
  json.object()
      .member("queue", done->list)
      .member("position", done->position)
      .rawMember(name, done->itemJson);
  return Response::json(json.end().take(), done->wasQueued ? 200 : 202);
}

Result<JsonDocument> bodyObject(const Request& request,
                                std::initializer_list<std::string_view> allowed) {
  const bool isEmpty = request.body.find_first_not_of(" \t\r\n") == std::string::npos;
  auto document = parseJson(isEmpty ? std::string_view("{}") : std::string_view(request.body));
  if (!document) return invalid(document.error().message);
  if (!document->IsObject()) return invalid("The body must be a JSON object.");
  for (const auto& member : document->GetObject()) {
    const std::string name(member.name.GetString(), member.name.GetStringLength());
    if (std::find(allowed.begin(), allowed.end(), name) == allowed.end())
      return invalid("There is no member \"" + name + "\" here.", "/" + name);
  }
  return document;
}

Result<bool> flagMember(const JsonValue& body, std::string_view name) {
  const JsonValue* value = find(body, name);
  if (!value || value->IsNull()) return false;
  if (!value->IsBool()) return invalid("It must be true or false.", "/" + std::string(name));
  return value->GetBool();
}

std::optional<std::string> ifMatch(const Request& request) {
  auto value = request.headers.find("If-Match");
  if (!value || *value == "*") return std::nullopt;
  if (value->starts_with("W/")) value->remove_prefix(2);
  if (value->size() >= 2 && value->front() == '"' && value->back() == '"')
    *value = value->substr(1, value->size() - 2);
  return std::string(*value);
}

std::string traceIdOf(const Request& request) {
  // version "-" trace id (32 hex digits, not all zero) "-" parent (16) "-" flags (2)
  const std::string_view text = request.headers.getOr("traceparent");
  if (text.size() < 55 || text[2] != '-' || text[35] != '-' || text[52] != '-') return {};
  const std::string_view id = text.substr(3, 32);
  if (!isHex(id) || id.find_first_not_of('0') == std::string_view::npos) return {};
  return std::string(id);
}

std::string disposition(const std::string& name) {
  std::string ascii;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    ascii += byte < 0x20 || byte > 0x7e || c == '"' || c == '\\' ? '_' : c;
  }
  return "attachment; filename=\"" + ascii + "\"; filename*=UTF-8''" + percentEncoded(name);
}

Response contentResponse(Result<Content> content, std::string_view contentType, bool asDownload) {
  if (!content) return problem(content.error());
  const auto file = std::make_shared<const UniqueFd>(std::move(content->file));
  std::function<bool(bool)> isIntact;
  if (content->isIntact)
    isIntact = [file, isIntactOf = content->isIntact](bool mayRead) {
      return isIntactOf(file->get(), mayRead);
    };
  Response response = Response::file(
      {.file = file, .offset = 0, .size = content->sizeBytes, .isIntact = std::move(isIntact)},
      contentType);
  if (!content->digest.empty()) response.etag(content->digest);
  if (asDownload) response.with("Content-Disposition", disposition(content->fileName));
  return response;
}

Response contentResponse(const Result<LateContent>& content, const std::string& contentType,
                         bool asDownload) {
  if (!content) return problem(content.error());
  if (content->isAtOnce) return contentResponse(content->open(), contentType, asDownload);
  return Response::late({[open = content->open, contentType, asDownload] {
    return contentResponse(open(), contentType, asDownload);
  }});
}

Response madeResponse(Result<MadeContent> content, std::string_view contentType, bool asDownload) {
  if (!content) return problem(content.error());
  Response response = Response::stream({std::move(content->open), content->sizeBytes}, contentType);
  if (!content->tag.empty()) response.etag(content->tag);
  if (asDownload) response.with("Content-Disposition", disposition(content->fileName));
  return response;
}

}  // namespace planwright

#include "http/response.h"

namespace planwright {

Response Response::json(std::string body, int status) {
  return text(std::move(body), "application/json", status);
}

Response Response::text(std::string body, std::string_view contentType, int status) {
  Response response{.status = status, .headers = {}, .body = std::move(body)};
  response.headers.set("Content-Type", std::string(contentType));
  return response;
}

Response Response::file(FileBody body, std::string_view contentType) {
  Response response{.status = 200, .headers = {}, .body = std::move(body), .acceptsRanges = true};
  response.headers.set("Content-Type", std::string(contentType));
  return response;
}

Response Response::stream(StreamBody body, std::string_view contentType) {
  const bool hasSize = body.size.has_value();
  Response response{
      .status = 200, .headers = {}, .body = std::move(body), .acceptsRanges = hasSize};
  response.headers.set("Content-Type", std::string(contentType));
  return response;
}

Response Response::late(LateBody body) {
  return {.status = 200, .headers = {}, .body = std::move(body)};
}

Response Response::events(EventSubscription subscription) {
  Response response{.status = 200, .headers = {}, .body = std::move(subscription)};
  response.headers.set("Content-Type", "text/event-stream");
  response.headers.set("Cache-Control", "no-store");
  response.headers.set("X-Accel-Buffering", "no");  // nginx would hold events back
  return response;
}

Response& Response::etag(std::string_view opaque) & {
  headers.set("ETag", '"' + std::string(opaque) + '"');
  return *this;
}

}  // namespace planwright

#include "http/response_writer.h"

#include <array>
#include <ctime>

#include "http/compress.h"
#include "http/problem.h"
#include "http/range.h"

namespace planwright {

namespace {

/// "Sun, 06 Nov 1994 08:49:37 GMT", made once a second per thread.
const std::string& httpDate() {
  thread_local std::time_t madeAt = 0;
  thread_local std::string text;
  const std::time_t now = std::time(nullptr);
  if (now != madeAt) {
    std::array<char, 40> buffer{};
    std::tm parts{};
    gmtime_r(&now, &parts);
    strftime(buffer.data(), buffer.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    madeAt = now;
    text = buffer.data();
  }
  return text;
}

std::uint64_t sizeOf(const Response& response) {
  if (const auto* file = std::get_if<FileBody>(&response.body)) return file->size;
  if (const auto* stream = std::get_if<StreamBody>(&response.body)) return stream->size.value_or(0);
  if (const auto* bytes = std::get_if<std::string>(&response.body)) return bytes->size();
  return 0;
}

bool isNotModified(const Request& request, const Response& response) {
  const auto condition = request.headers.find("If-None-Match");
  return condition && response.status == 200 && !isWrite(request.method) &&
         matchesEtag(*condition, response.headers.getOr("ETag"));
}

void keepOnly(Response& response, const ByteRange& range) {
  if (auto* file = std::get_if<FileBody>(&response.body)) {
    file->offset += range.offset;
    file->size = range.size;
  } else if (auto* stream = std::get_if<StreamBody>(&response.body)) {
    stream->offset += range.offset;
    stream->size = range.size;
  } else if (auto* bytes = std::get_if<std::string>(&response.body)) {
    *bytes = bytes->substr(range.offset, range.size);
  }
}

void applyRange(const Request& request, Response& response) {
  if (!response.acceptsRanges || response.status != 200) return;
  response.headers.set("Accept-Ranges", "bytes");
  if (request.method != Method::Get) return;
  const std::uint64_t total = sizeOf(response);
  const RangeAnswer answer = rangeOf(request.headers, response.headers.getOr("ETag"), total);
  switch (answer.kind) {
    case RangeAnswer::Whole:
      return;
    case RangeAnswer::Part: {
      const std::uint64_t last = answer.range.offset + answer.range.size - 1;
      keepOnly(response, answer.range);
      response.status = 206;
      response.headers.set("Content-Range", "bytes " + std::to_string(answer.range.offset) + "-" +
                                                std::to_string(last) + "/" + std::to_string(total));
      return;
    }
    case RangeAnswer::Unsatisfiable:
      response.status = 416;
      response.headers.set("Content-Range", "bytes */" + std::to_string(total));
      response.body = std::string();
      return;
  }
}

/// Not with an ETag: the same tag must stand for the same bytes, and clients send it back in
/// If-Match.
void applyGzip(const Request& request, Response& response) {
  auto* body = std::get_if<std::string>(&response.body);
  if (body == nullptr || body->size() < kCompressFromBytes || response.acceptsRanges) return;
  if (response.headers.has("ETag") || response.headers.has("Content-Encoding")) return;
  if (!isCompressible(response.headers.getOr("Content-Type"))) return;
  response.headers.add("Vary", "Accept-Encoding");
  if (!acceptsGzip(request.headers)) return;
  *body = gzip(*body);
  response.headers.set("Content-Encoding", "gzip");
}

void appendField(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ");
  // A value from a file name or an exception text must not be able to begin a line of its own.
  for (const char c : value) out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  out.append("\r\n");
}

std::string makeHead(const Response& response, bool keepAlive, const Request& request) {
  std::string out;
  out.reserve(512);
  out.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
  out.append(reasonPhrase(response.status)).append("\r\n");
  for (const auto& [name, value] : response.headers) appendField(out, name, value);
  const auto* made = std::get_if<StreamBody>(&response.body);
  const bool isChunked = made != nullptr && !made->size;
  if (isChunked && request.isHttp11) appendField(out, "Transfer-Encoding", "chunked");
  const bool isStream = isChunked || std::holds_alternative<EventSubscription>(response.body);
  if (!isStream && response.status != 204 && response.status != 304) {
    appendField(out, "Content-Length", std::to_string(sizeOf(response)));
  }
  appendField(out, "Date", httpDate());
  if (!keepAlive)
    appendField(out, "Connection", "close");
  else if (request.headers.has("Connection"))
    appendField(out, "Connection", "keep-alive");
  return out.append("\r\n");
}

}  // namespace

WireResponse toWire(const Request& request, Response response) {
  if (isNotModified(request, response)) {
    response.status = 304;
    response.body = std::string();
  }
  applyRange(request, response);
  applyGzip(request, response);

  WireResponse wire;
  const bool isHead = request.method == Method::Head;
  const bool isInMemory = std::holds_alternative<std::string>(response.body);
  const bool isLarge = !isInMemory || sizeOf(response) > kLargeBodyBytes;
  wire.keepAlive = request.keepAlive && (isHead || !isLarge);
  wire.head = makeHead(response, wire.keepAlive, request);
  if (isHead) return wire;
  if (isInMemory) wire.body = std::move(std::get<std::string>(response.body));
  if (auto* file = std::get_if<FileBody>(&response.body)) wire.file = std::move(*file);
  if (auto* stream = std::get_if<StreamBody>(&response.body)) {
    wire.stream = stream->open(stream->offset, stream->size.value_or(UINT64_MAX));
    wire.isChunked = request.isHttp11 && !stream->size;
  }
  if (auto* events = std::get_if<EventSubscription>(&response.body)) {
    wire.body = "retry: 1000\n\n";  // ms until a client that lost us comes back
    wire.events = std::move(*events);
  }
  return wire;
}

}  // namespace planwright

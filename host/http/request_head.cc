#include "http/request_head.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/utf8.h"

namespace planwright {

namespace {

bool isTokenChar(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool isToken(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), isTokenChar);
}

bool isVisibleAscii(char c) {
  return c > 0x20 && c < 0x7f;
}

/// Tab, visible ASCII, space and bytes above 0x7f; no other control characters.
bool isFieldChar(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
}

std::optional<Method> methodFrom(std::string_view word) {
  constexpr std::array kMethods = {Method::Get,   Method::Head,   Method::Post,   Method::Put,
                                   Method::Patch, Method::Delete, Method::Options};
  for (const Method method : kMethods) {
    if (word == toText(method)) return method;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> parseLength(std::string_view text) {
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  constexpr std::size_t kMaxDigits = 18;  // no overflow further on
  if (text.empty() || text.size() > kMaxDigits || error != std::errc() || stopped != end) {
    return std::nullopt;
  }
  return number;
}

FramingError bad(std::string detail) {
  return {400, std::move(detail)};
}

}  // namespace

std::optional<FramingError> RequestHead::parseRequestLine(std::string_view line,
                                                          std::size_t targetLimit) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || last <= first) {
    return bad("The request line must be: METHOD TARGET HTTP/1.1");
  }
  const std::string_view word = line.substr(0, first);
  const std::string_view text = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (!isToken(word)) return bad("The method is not a word.");
  if (text.size() > targetLimit) {
    return FramingError{
        414, "The request target is longer than " + std::to_string(targetLimit) + " bytes."};
  }
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    return FramingError{505, "Only HTTP/1.1 and HTTP/1.0 are spoken here."};
  }
  isHttp11 = version == "HTTP/1.1";
  const auto known = methodFrom(word);
  if (!known) return FramingError{501, "The method " + std::string(word) + " is not known here."};
  method = *known;
  return parseTarget(text);
}

std::optional<FramingError> RequestHead::parseTarget(std::string_view text) {
  target = text;
  if (text.find('#') != std::string_view::npos ||
      !std::all_of(text.begin(), text.end(), isVisibleAscii)) {
    return bad("The request target has characters that must be escaped.");
  }
  constexpr std::string_view kScheme = "http://";
  if (text.starts_with(
          kScheme)) {  // absolute form (RFC 9112 §3.2.2): its authority counts as the Host
    text.remove_prefix(kScheme.size());
    const std::size_t end = std::min(text.find_first_of("/?"), text.size());
    headers.add(":authority", std::string(text.substr(0, end)));
    text.remove_prefix(end);
    if (text.empty()) text = "/";
  }
  if (text == "*" && method == Method::Options) {
    path = "*";
    return std::nullopt;
  }
  if (!text.starts_with('/')) return bad("The request target must begin with a slash.");
  const std::size_t question = text.find('?');
  path = text.substr(0, question);
  if (question != std::string_view::npos) rawQuery = text.substr(question + 1);
  return std::nullopt;
}

std::optional<FramingError> RequestHead::parseField(std::string_view line) {
  constexpr std::size_t kMaxFields = 100;
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return bad("A header line has no colon.");
  const std::string_view name = line.substr(0, colon);
  if (!isToken(name)) return bad("A header name is not a word.");  // also folded lines
  std::string_view value = line.substr(colon + 1);
  value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
  value = value.substr(0, value.find_last_not_of(" \t") + 1);
  if (!std::all_of(value.begin(), value.end(), isFieldChar)) {
    return bad("A header value has control characters.");
  }
  // Values end up in rows, logs and answers, which are UTF-8.
  if (!isUtf8(value)) return bad("The value of the header " + std::string(name) + " is not UTF-8.");
  if (headers.size() >= kMaxFields) return FramingError{431, "Too many header lines."};
  headers.add(std::string(name), std::string(value));
  return std::nullopt;
}

std::optional<FramingError> RequestHead::finish() {
  const std::size_t hosts = headers.count("Host");
  if (hosts > 1 || (isHttp11 && hosts == 0)) return bad("Exactly one Host header is needed.");
  if (const auto authority = headers.find(":authority")) {
    const std::string host(*authority);
    headers.set("Host", host);
  }
  const std::string_view connection = headers.getOr("Connection");
  keepAlive =
      isHttp11 ? !acceptsToken(connection, "close") : acceptsToken(connection, "keep-alive");
  if (const auto expect = headers.find("Expect")) {
    if (!equalsIgnoringCase(*expect, "100-continue")) {
      return FramingError{417, "Only Expect: 100-continue is understood."};
    }
    expectsContinue = isHttp11;
  }
  return finishFraming();
}

std::optional<FramingError> RequestHead::finishFraming() {
  const auto length = headers.find("Content-Length");
  const auto coding = headers.find("Transfer-Encoding");
  if (coding) {
    if (length || !isHttp11 || headers.count("Transfer-Encoding") > 1) {
      return bad("Transfer-Encoding does not fit the other headers.");
    }
    if (!equalsIgnoringCase(*coding, "chunked")) {
      return FramingError{501, "The only transfer coding understood is chunked."};
    }
    isChunked = true;
  }
  if (length) {
    contentLength = parseLength(*length);
    if (!contentLength || headers.count("Content-Length") > 1) {
      return bad("Content-Length must be one whole number.");
    }
  }
  return std::nullopt;
}

}  // namespace planwright

#include "support/http_framer_harness.h"

#include <algorithm>
#include <string>

#include "base/utf8.h"
#include "http/range.h"
#include "http/request_framer.h"
#include "http/router.h"
#include "support/require.h"

namespace planwright {

namespace {

constexpr HttpLimits kLimits{.headerBytes = 1024, .targetBytes = 256, .bodyBytes = 2048};

const Router& router() {
  static const Router* const made = [] {
    auto* router = new Router;
    router->get("/a/{id}", {});
    router->post("/a/{id}/b", {});
    router->get("/files/{path...}", {});
    return router;
  }();
  return *made;
}

void checkHead(const RequestHead& head) {
  require(head.target.size() <= kLimits.targetBytes, "target above its limit");
  require(!head.path.empty() && (head.path[0] == '/' || head.path == "*"), "path without slash");
  require(head.path != "*" || head.method == Method::Options, "* is for OPTIONS");
  require(!(head.isChunked && head.contentLength), "two lengths");
  const Router::Match match = router().match(head.method, head.path);
  for (const auto& [name, value] : match.params) require(isUtf8(value), "parameter not UTF-8");
  if (const auto query = Query::parse(head.rawQuery)) {
    for (const auto& [key, value] : query->items()) {
      require(isUtf8(key) && isUtf8(value), "query not UTF-8");
    }
  }
  const RangeAnswer range = rangeOf(head.headers, "\"x\"", 1000);
  require(range.range.offset + range.range.size <= 1000, "range beyond the end");
}

/// Everything the framer said, as text.
std::string transcript(std::string_view bytes, std::size_t pieceBytes) {
  using Event = RequestFramer::Event;
  RequestFramer framer(kLimits);
  std::string said;
  std::size_t bodyBytes = 0;
  while (!bytes.empty()) {
    framer.feed(bytes.substr(0, pieceBytes));
    bytes.remove_prefix(std::min(pieceBytes, bytes.size()));
    for (Event event = framer.next(); event != Event::NeedBytes; event = framer.next()) {
      switch (event) {
        case Event::Head:
          checkHead(framer.head());
          said.append("\nhead ").append(toText(framer.head().method)).append(framer.head().target);
          for (const auto& [name, value] : framer.head().headers) said.append(name).append(value);
          said.append("\nbody ");
          bodyBytes = 0;
          break;
        case Event::Body:
          bodyBytes += framer.body().size();
          require(!framer.body().empty() && bodyBytes <= kLimits.bodyBytes, "body above its limit");
          said.append(framer.body());
          break;
        case Event::End:
          said.append("\nend");
          break;
        case Event::Bad:
          return said.append("\nbad");  // of two faults, which is seen first may differ
        case Event::NeedBytes:
          break;
      }
    }
  }
  return said;
}

}  // namespace

void exerciseFramer(std::string_view input) {
  if (input.empty()) return;
  const std::size_t pieceBytes = static_cast<unsigned char>(input[0]) % 64 + 1;
  input.remove_prefix(1);
  require(transcript(input, input.size()) == transcript(input, pieceBytes),
          "the answer depends on how the bytes arrive");
}

}  // namespace planwright

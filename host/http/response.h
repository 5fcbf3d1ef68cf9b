#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/next_piece.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "http/event_message.h"
#include "http/headers.h"
#include "model/caller.h"

namespace planwright {

struct Response;

/// Bytes [offset, offset + size) of an open file, sent with sendfile. The file must not shrink
/// meanwhile.
struct FileBody {
  std::shared_ptr<const UniqueFd> file;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  /// Asked before the last of the bytes go out: whether those that went were right. First without
  /// `mayRead`; if that says no, on a thread that may wait, and then a no breaks the answer off.
  /// Empty: nobody asks.
  std::function<bool(bool mayRead)> isIntact = {};
};

/// Bytes that are made while they are sent, piece by piece as the client takes them. If a piece
/// fails, the client sees a broken answer.
struct StreamBody {
  /// Those from `offset` on, `size` of them.
  std::function<NextPiece(std::uint64_t offset, std::uint64_t size)> open;
  std::optional<std::uint64_t> size = {};  ///< none: known at the end
  std::uint64_t offset = 0;
};

/// An answer that takes long to make. `make` is called once, on a thread that may wait, and gives
/// an answer that is not late; the connection ends with it.
struct LateBody {
  std::function<Response()> make;
  /// It computes rather than waits: one of a few at once, and no other late answer waits for it.
  bool isComputed = false;
};

/// What the audit tells of a write beside who asked for what, and what came of it.
struct AuditNote {
  std::string item = {};  ///< "token/3", where the path of the request does not name it
  std::string before = {}, after = {};  ///< JSON of what was changed
  std::optional<Caller> actor = {};     ///< who it turned out to be
};

/// What a handler answers. A value; the writer adds length, date, request id, security headers,
/// compression, conditional answers (ETag against If-None-Match) and ranges.
struct Response {
  int status = 200;
  Headers headers;
  std::variant<std::string, FileBody, EventSubscription, StreamBody, LateBody> body;
  AuditNote note = {};
  bool acceptsRanges = false;  ///< a single Range of a GET is honoured (If-Range needs the ETag)

  static Response json(std::string body, int status = 200);
  static Response text(std::string body, std::string_view contentType, int status = 200);
  static Response noContent() { return {.status = 204, .headers = {}, .body = {}}; }
  /// The whole or a part of an open regular file, with ranges.
  static Response file(FileBody body, std::string_view contentType);
  /// Of unknown length chunked, else with ranges.
  static Response stream(StreamBody body, std::string_view contentType);
  static Response late(LateBody body);
  /// One that takes a processor for long.
  static Response computed(std::function<Response()> make) { return late({std::move(make), true}); }
  /// A long-lived text/event-stream.
  static Response events(EventSubscription subscription);

  Response&& noting(AuditNote more) && {
    note = std::move(more);
    return std::move(*this);
  }
  /// response.with("Location", url).with("ETag", tag)
  Response& with(std::string_view name, std::string value) & {
    headers.set(name, std::move(value));
    return *this;
  }
  Response&& with(std::string_view name, std::string value) && {
    headers.set(name, std::move(value));
    return std::move(*this);
  }
  /// Sets a strong ETag from a digest or version: etag("sha256:ab…") -> "\"sha256:ab…\"".
  Response& etag(std::string_view opaque) &;
  Response&& etag(std::string_view opaque) && { return std::move(etag(opaque)); }
};

}  // namespace planwright

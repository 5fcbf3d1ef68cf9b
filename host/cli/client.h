#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace planwright::cli {

/// What the shell sees; the table is in README.md.
enum class ExitCode : int {
  Done = 0,
  WorkFailed = 1,
  Usage = 2,
  NotFound = 3,
  NotAllowed = 4,
  Conflict = 5,
  Unreachable = 6,
  TimedOut = 7,
  PartlyDone = 8,
  Unhealthy = 9,
  Interrupted = 130,
};

/// The only place where an HTTP status becomes an exit code. 2xx and 3xx are Done.
ExitCode exitCodeOf(int httpStatus);

/// The only place where an ErrorKind becomes an exit code.
ExitCode exitCodeOf(ErrorKind kind);

/// Ends a command: what went wrong, the exit code, and the command to type next. Caught in cli::run
/// only.
class CommandFailure : public std::runtime_error {
 public:
  /// `next`: a command such as "planwright plans list", or empty.
  CommandFailure(ExitCode code, const std::string& message, std::string next = {})
      : std::runtime_error(message),
        code_(code),
        next_(std::move(next)) {}

  ExitCode code() const { return code_; }
  const std::string& next() const { return next_; }

 private:
  ExitCode code_;
  std::string next_;
};

/// Cuts a text/event-stream into events (WHATWG HTML, 9.2.6). One stream, one thread.
class EventLines {
 public:
  using OnEvent = std::function<void(const std::string& id, const std::string& data)>;
  explicit EventLines(OnEvent onEvent) : onEvent_(std::move(onEvent)) {}

  void feed(std::string_view bytes);
  /// The id of the last complete event: where to go on after a reconnect.
  const std::string& lastId() const { return lastId_; }
  /// Forgets half an event; the last id stays.
  void reset();

 private:
  void line(std::string_view text);

  const OnEvent onEvent_;
  std::string pending_;
  std::string id_;
  std::string data_;
  std::string lastId_;
  bool hasData_ = false;
};

struct Reply {
  int status = 0;
  std::string body;
  std::string etag;
  bool ok() const { return status >= 200 && status < 300; }
};

/// How an https server and we know each other; empty = as the system says. Files in PEM.
struct Certificates {
  std::string authorities;  ///< who may have signed the server's
  std::string own;          ///< ours, for a server that asks for one
  std::string key;          ///< of `own`; empty: it is in the same file
};

/// A connection to one server's REST API. All functions throw CommandFailure (Unreachable,
/// TimedOut) if there is no answer; what an answer says is the caller's business unless noted. One
/// thread.
class Client {
 public:
  Client(std::string baseUrl, std::string token, Certificates certificates = {});
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  const std::string& baseUrl() const { return baseUrl_; }

  Reply get(const std::string& path);
  Reply send(const std::string& method, const std::string& path, const std::string& jsonBody);
  /// POSTs the bytes of a file, read while they are sent.
  Reply upload(const std::string& path, const std::string& file);
  /// The body of a successful GET as JSON; any other answer throws what it says, with `next` as
  /// next command.
  JsonDocument json(const std::string& path, const std::string& next = {});
  /// GETs bytes from `offset` on. Returns the status: 200 (all of them, whatever was asked for),
  /// 206 (from `offset`), else the body is in `error`. Throws if the connection ends before its
  /// time.
  int download(const std::string& path, std::int64_t offset,
               const std::function<void(int status, std::string_view bytes)>& onBytes,
               std::string& error);
  /// Reads a long answer as it comes. `onBytes` returns false to end it. Returns the HTTP status;
  /// the body of an answer that is not 200 is in `error`.
  int stream(const std::string& path, const std::string& lastEventId,
             const std::function<bool(std::string_view)>& onBytes, std::string& error);

 private:
  struct State;
  Reply perform(const std::string& method, const std::string& path);
  void prepare(const std::string& path);
  void useCertificates();
  /// Of a request that had no answer; `what` it was, such as "cannot reach http://…".
  CommandFailure unreachable(int curlCode, const std::string& what) const;

  const std::string baseUrl_;
  const std::string token_;
  const Certificates certificates_;
  std::unique_ptr<State> state_;
};

/// What a problem+json answer says, as the failure of a command.
CommandFailure failureOf(const Reply& reply, const std::string& next = {});

/// Percent-encodes everything but letters, digits and -._~
std::string urlEncoded(std::string_view text);

}  // namespace planwright::cli

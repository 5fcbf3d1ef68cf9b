#pragma once

#include <stdexcept>
#include <string>
#include <utility>
#include <variant>

namespace planwright {

/// Why something a user or operator asked for cannot be done. Each kind maps to one HTTP status,
/// one exit code and one retry decision, each in a single `switch` without `default`.
enum class ErrorKind {
  Invalid,      ///< the request or document is wrong: 400/422
  NotFound,     ///< no such thing: 404
  Gone,         ///< it was there and has been pruned: 410
  Conflict,     ///< its state forbids it: 409
  Stale,        ///< If-Match did not match: 412
  Forbidden,    ///< not allowed: 403
  TooLarge,     ///< over a limit: 413
  Unavailable,  ///< a dependency is away, try again: 503
  Failed,       ///< the work itself failed: 500
};

/// A failure a person can act on. Broken infrastructure and bugs are exceptions instead.
struct Error {
  ErrorKind kind = ErrorKind::Failed;
  std::string message;  ///< what, which id, what to do; one or two sentences
  std::string code;     ///< stable problem type, e.g. "already-building"; empty = derived from kind
  std::string pointer;  ///< JSON pointer or file:line:column of the place, or empty
  friend bool operator==(const Error&, const Error&) = default;
};

/// A value or an Error. `std::expected` cannot be used: clang 14 does not read libstdc++'s.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  explicit operator bool() const { return std::holds_alternative<T>(state_); }
  T& operator*() { return std::get<T>(state_); }
  const T& operator*() const { return std::get<T>(state_); }
  T* operator->() { return &std::get<T>(state_); }
  const T* operator->() const { return &std::get<T>(state_); }
  const Error& error() const { return std::get<Error>(state_); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error)  // NOLINT(google-explicit-constructor)
      : error_(std::move(error)),
        failed_(true) {}
  explicit operator bool() const { return !failed_; }
  const Error& error() const { return error_; }

 private:
  Error error_;
  bool failed_ = false;
};

inline Error invalid(std::string message, std::string pointer = {}) {
  return {ErrorKind::Invalid, std::move(message), {}, std::move(pointer)};
}
inline Error notFound(std::string message) {
  return {ErrorKind::NotFound, std::move(message), {}, {}};
}
inline Error conflict(std::string message, std::string code) {
  return {ErrorKind::Conflict, std::move(message), std::move(code), {}};
}

}  // namespace planwright

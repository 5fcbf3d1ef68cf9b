// planwright/errors.hpp - how a plugin ends a call early. Everything here may be thrown from any
// function of a stage; the layer turns it into host->fail() plus the status, so nothing ever
// crosses the C border.
#pragma once

#include <cstdint>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <planwright/plugin.h>

namespace pw {

inline pw_str str(std::string_view text) {
  return {text.data(), text.size()};
}
inline std::string_view view(pw_str text) {
  return {text.ptr ? text.ptr : "", text.len};
}

/// The end of a call other than success. `message` is one sentence for a person; `details` may be
/// long, e.g. the tail of a program's output.
struct Stop {
  pw_status why = PW_FAIL;
  std::string message;
  std::string details = {};
  std::uint64_t retryAfterMs = 0;
};

/// The input, plan or job is wrong: never retried, shown to the user.
[[noreturn]] inline void reject(std::string message, std::string details = {}) {
  throw Stop{PW_REJECT, std::move(message), std::move(details)};
}
/// The work failed for good.
[[noreturn]] inline void fail(std::string message, std::string details = {}) {
  throw Stop{PW_FAIL, std::move(message), std::move(details)};
}
/// Something outside is away for now: the host tries again later (0 = when it sees fit).
[[noreturn]] inline void retry(std::string message, std::uint64_t afterMs = 0,
                               std::string details = {}) {
  throw Stop{PW_RETRY, std::move(message), std::move(details), afterMs};
}
/// The settings are wrong: the queue is held and its items are not failed.
[[noreturn]] inline void badSetting(std::string message) {
  throw Stop{PW_CONFIG, std::move(message)};
}

/// Runs `body` for the C side. Whatever it throws becomes one fail() and a status.
template <class Body>
pw_status guard(const pw_host* host, pw_call* call, Body&& body) noexcept {
  Stop stop{PW_BUG, {}};
  try {
    try {
      body();
      return PW_OK;
    } catch (Stop& thrown) {
      stop = std::move(thrown);
    } catch (const std::bad_alloc&) {
      stop = {PW_RETRY, "out of memory"};
    } catch (const std::exception& thrown) {
      stop.message = std::string("unexpected exception: ") + thrown.what();
    } catch (...) {
      stop.message = "unexpected exception that is not a std::exception";
    }
    host->fail(host->ctx, call, stop.why, str(stop.message), str(stop.details), stop.retryAfterMs);
  } catch (...) {  // no memory even for the message: the status alone must do
  }
  return stop.why;
}

}  // namespace pw

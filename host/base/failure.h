#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace planwright {

/// Why a piece of work ended badly; decides whether it runs again.
enum class FailureClass {
  Rejected,   ///< the input, plan or job is wrong: never retried
  Failed,     ///< the work failed: not retried unless asked
  Infra,      ///< retried with backoff while the stored budget lasts
  Timeout,    ///< the deadline passed
  Limit,      ///< a resource limit was hit
  Config,     ///< settings are wrong: holds the queue, fails nothing
  Bug,        ///< the plugin broke its contract
  Cancelled,  ///< a person or a shutdown stopped it
};

/// The seed's word for the class, as in the database and the API: "rejected", "infra", …
std::string_view toText(FailureClass kind);
FailureClass failureClassFrom(std::string_view text);  ///< unknown words are Failed

struct Failure {
  FailureClass kind = FailureClass::Failed;
  std::string message;                      ///< one sentence for a person
  std::string details;                      ///< e.g. the tail of a program's output; may be empty
  std::chrono::milliseconds retryAfter{0};  ///< 0 = the host decides
  friend bool operator==(const Failure&, const Failure&) = default;
};

}  // namespace planwright

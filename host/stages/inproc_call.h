#pragma once

#include <atomic>
#include <exception>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "planwright/plugin.h"

#include "base/secret_mask.h"
#include "stages/stage.h"
#include "stages/stage_call.h"

/// The host's side of the ABI's opaque call: what one call into a plugin has reported so far. One
/// per stage instance, reused from call to call so that a call costs no allocation. The plugin may
/// use it from several threads; `mutex` guards all but `stage`.
struct pw_call {
  /// The running call, or null: a plugin that keeps a pw_call after its function returned is
  /// refused.
  std::atomic<planwright::StageCall*> stage{nullptr};

  std::mutex mutex;
  std::optional<planwright::Verb> verb;  ///< none: a function of the module's lifecycle
  planwright::StageOutcome outcome;      ///< its failure is the first fail()
  bool emitted = false;                  ///< a plan
  std::string broken;                    ///< how the plugin broke the contract; empty = it did not
  std::exception_ptr hostError;          ///< our own infrastructure failed inside a callback
  std::string hint;                ///< why a host function last refused; told with the failure
  planwright::SecretMask secrets;  ///< handed out, in this call or one before

  pw_call() = default;
  ~pw_call() = default;
  pw_call(const pw_call&) = delete;
  pw_call& operator=(const pw_call&) = delete;

  void begin(std::optional<planwright::Verb> what, planwright::StageCall& call);
  /// Ends the call. Rethrows what our own services threw.
  planwright::StageOutcome end(pw_status status, std::string_view plugin);

  /// Keeps why a host function refuses; the plugin only gets the number.
  void explain(const std::string& why);
  pw_status emit(std::string_view what, std::string_view json);
  void fail(pw_status why, std::string_view message, std::string_view details,
            std::uint64_t retryAfterMs);
  /// `text` cleaned and without the secrets that the instance was given.
  std::string masked(std::string_view text, std::size_t limitBytes);
  /// The same, with a word if it was cut.
  std::string cut(std::string_view text, std::size_t limitBytes);

 private:
  pw_status breach(std::string what);
  std::optional<planwright::Failure> whyFailed(pw_status status, planwright::StopReason reason,
                                               std::string_view plugin) const;
  pw_status emitOutput(std::string_view json);
  pw_status emitInput(std::string_view json);
  pw_status emitHandle(std::string_view json);
  pw_status emitState(std::string_view json);
};

namespace planwright {

/// What the plugin is told when a call should stop, and the retry decision for a status it
/// returned.
FailureClass failureClassOf(pw_status status, StopReason reason);

}  // namespace planwright

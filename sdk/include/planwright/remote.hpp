// planwright/remote.hpp - what a builder in front of another engine is asked, and says, of the jobs
// that it handed over.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <planwright/call.hpp>
#include <planwright/json_object.hpp>
#include <rapidjson/document.h>

namespace pw {

/// One look at the engine, for all open jobs at once. Of a handle that nothing is said of, nothing
/// has changed. Valid until observe() returns.
class Observation {
 public:
  Observation(pw_str handlesJson, Call* call) : call_(call) {
    rapidjson::Document parsed;
    parsed.Parse(handlesJson.ptr, handlesJson.len);
    if (parsed.HasParseError() || !parsed.IsArray()) return;
    for (const auto& handle : parsed.GetArray())
      if (handle.IsString()) handles_.emplace_back(handle.GetString(), handle.GetStringLength());
  }
  /// Of the jobs that are open, as submit() gave them.
  const std::vector<std::string>& handles() const { return handles_; }

  /// It stands in the engine's own queue; `why` is shown to people.
  void waiting(std::string_view handle, std::string_view why = {}) { say(handle, "waiting", why); }
  void running(std::string_view handle, std::string_view what = {}) {
    say(handle, "running", what);
  }
  void succeeded(std::string_view handle) { say(handle, "succeeded", {}); }
  /// The job's own fault. `exitCode` of its program; -1 = it has none.
  void failed(std::string_view handle, std::string_view why, int exitCode = -1) {
    say(handle, "failed", why, exitCode);
  }
  /// The engine does not know it (any more): the job is run again.
  void lost(std::string_view handle, std::string_view why = {}) { say(handle, "lost", why); }

  /// An artifact that is a blob already (Call::putBlob), before the job is said to have succeeded.
  void output(std::string_view handle, std::string_view name, std::string_view digest) {
    call_->emit(
        "output",
        JsonObject().member("handle", handle).member("name", name).member("digest", digest).take());
  }
  /// A line of the job's own log.
  void log(std::string_view handle, std::string_view line) {
    call_->log(PW_INFO, line, JsonObject().member("handle", handle).take());
  }

  void next(std::chrono::milliseconds wait) { next_ = wait; }  ///< default 1 s
  std::chrono::milliseconds next() const { return next_; }

 private:
  void say(std::string_view handle, std::string_view state, std::string_view message,
           int exitCode = -1) {
    call_->emit("state", JsonObject()
                             .member("handle", handle)
                             .member("state", state)
                             .member("message", message)
                             .member("exit", exitCode)
                             .take());
  }

  std::vector<std::string> handles_;
  Call* call_;
  std::chrono::milliseconds next_{1000};
};

}  // namespace pw

#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/result.h"
#include "stages/inproc_call.h"
#include "stages/library.h"

namespace planwright {

/// One instance of a stage inside this process, from create to destroy. Its owner calls it from one
/// thread at a time; the lifecycle functions of a module never overlap.
class InprocInstance {
 public:
  /// Creates and starts it. Errors as in Plugins::planner.
  static Result<std::unique_ptr<InprocInstance>> create(std::shared_ptr<Library> library,
                                                        const pw_stage* stage,
                                                        const std::string& queue,
                                                        std::string_view settingsJson);
  ~InprocInstance();
  InprocInstance(const InprocInstance&) = delete;
  InprocInstance& operator=(const InprocInstance&) = delete;

  void* self() const { return self_; }
  pw_call& record() { return record_; }

  /// Runs `enter(record)`, a function of the plugin; interrupt() is called when `call` is stopped
  /// meanwhile. Gives why it failed, if it did.
  template <class Enter>
  std::optional<Failure> run(pw_call::Kind kind, StageCall& call, Enter enter) {
    record_.begin(kind, call);
    const pw_status status = interruptible_ ? enterInterruptibly(call, enter) : enter(&record_);
    return record_.end(status, library_->manifest().id);
  }

 private:
  InprocInstance(std::shared_ptr<Library> library, const pw_stage* stage);

  template <class Enter>
  pw_status enterInterruptibly(StageCall& call, Enter enter) {
    const std::stop_callback onStop(call.token(), [this] { stage_->interrupt(self_, &record_); });
    return enter(&record_);
  }
  template <class Enter>
  std::optional<Failure> runLifecycle(Enter enter);

  const std::shared_ptr<Library> library_;  // destroyed last: the code of self_ lives there
  const pw_stage* const stage_;
  const bool interruptible_;
  void* self_ = nullptr;
  bool started_ = false;
  pw_call record_;
};

inline pw_str toStr(std::string_view text) {
  return {text.data(), text.size()};
}

}  // namespace planwright

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "stages/inproc_call.h"
#include "stages/library.h"
#include "stages/stage.h"

namespace planwright {

/// One instance of a stage inside this process, from create to destroy. Its owner calls it from one
/// thread at a time; the lifecycle functions of a module never overlap. Beyond the plugin's own
/// work a call costs about one microsecond: the record is reused and a plan is copied once.
class InprocInstance final : public StageInstance {
 public:
  /// Creates and starts it. NotFound: the library has no `stage`. Other errors as in
  /// Plugins::planner.
  static Result<std::unique_ptr<StageInstance>> create(std::shared_ptr<Library> library,
                                                       std::string_view stage,
                                                       const std::string& queue,
                                                       std::string_view settingsJson);
  ~InprocInstance() override;
  InprocInstance(const InprocInstance&) = delete;
  InprocInstance& operator=(const InprocInstance&) = delete;

  /// The plugin's interrupt() is called when `call` is stopped meanwhile.
  StageOutcome call(const StageRequest& request, StageCall& call) override;
  int fd() override;

 private:
  /// Of the stage's functions; they are the library's.
  using Table = std::variant<const pw_planner*, const pw_builder*, const pw_remote_builder*,
                             const pw_source*>;

  InprocInstance(std::shared_ptr<Library> library, Table table);
  static Result<Table> tableOf(const Library& library, std::string_view stage);
  pw_status enter(const StageRequest& request, std::uint64_t& nextMs);
  template <class Enter>
  std::optional<Failure> runLifecycle(Enter enter);

  const std::shared_ptr<Library> library_;  // destroyed last: the code of self_ lives there
  const Table table_;
  const pw_stage* const stage_;
  const bool interruptible_;
  void* self_ = nullptr;
  bool started_ = false;
  pw_call record_;
};

}  // namespace planwright

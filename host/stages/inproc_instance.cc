#include "stages/inproc_instance.h"

#include "base/log.h"
#include "stages/module_services.h"

namespace planwright {
namespace {

Error toError(const Failure& failure) {
  ErrorKind kind = ErrorKind::Failed;
  if (failure.kind == FailureClass::Config || failure.kind == FailureClass::Rejected)
    kind = ErrorKind::Invalid;
  if (failure.kind == FailureClass::Infra) kind = ErrorKind::Unavailable;
  return {kind, failure.message, {}, {}};
}

}  // namespace

InprocInstance::InprocInstance(std::shared_ptr<Library> library, const pw_stage* stage)
    : library_(std::move(library)),
      stage_(stage),
      interruptible_(PW_HAS(stage, interrupt)) {}

template <class Enter>
std::optional<Failure> InprocInstance::runLifecycle(Enter enter) {
  const std::lock_guard lock(library_->lifecycle());
  ModuleServices services(library_->manifest().id, library_->count());
  StageCall call(services);
  record_.begin(pw_call::Kind::Module, call);
  return record_.end(enter(&record_), library_->manifest().id);
}

Result<std::unique_ptr<InprocInstance>> InprocInstance::create(std::shared_ptr<Library> library,
                                                               const pw_stage* stage,
                                                               const std::string& queue,
                                                               std::string_view settingsJson) {
  std::unique_ptr<InprocInstance> made(new InprocInstance(std::move(library), stage));
  const auto created = made->runLifecycle([&](pw_call* call) {
    return stage->create(made->library_->host(), call, toStr(queue), toStr(settingsJson),
                         &made->self_);
  });
  if (created) {
    made->self_ = nullptr;  // what a failed create left there is not ours to destroy
    return toError(*created);
  }
  if (!PW_HAS(stage, start)) return made;
  const auto started =
      made->runLifecycle([&](pw_call* call) { return stage->start(made->self_, call); });
  if (started) return toError(*started);
  made->started_ = true;
  return made;
}

InprocInstance::~InprocInstance() {
  if (!self_) return;
  if (PW_HAS(stage_, drain)) stage_->drain(self_);
  try {
    if (started_ && PW_HAS(stage_, stop))
      runLifecycle([&](pw_call* call) { return stage_->stop(self_, call), pw_status{PW_OK}; });
  } catch (const std::exception& e) {
    log::warn("stop plugin={}: {}", library_->manifest().id, e.what());
  }
  const std::lock_guard lock(library_->lifecycle());
  stage_->destroy(self_);
}

}  // namespace planwright

#include "stages/inproc_instance.h"

#include <algorithm>
#include <optional>
#include <stop_token>

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

pw_str toStr(std::string_view text) {
  return {text.data(), text.size()};
}

/// As the ABI hands an input over; the texts stay `input`'s.
pw_input toForm(const StageInput& input) {
  pw_input form{};
  form.size = sizeof form;
  form.attempt = static_cast<std::uint32_t>(input.attempt);
  form.id = toStr(input.id);
  form.name = toStr(input.name);
  form.digest = toStr(input.digest);
  form.media_type = toStr(input.mediaType);
  form.attributes = toStr(input.attributesJson);
  form.bytes = static_cast<std::uint64_t>(input.sizeBytes);
  form.traceparent = toStr(input.traceparent);
  if (input.isInline) {
    form.inline_data = toStr(input.content);
    form.bytes = input.content.size();
  }
  return form;
}

/// The same for a job.
pw_job toForm(const StageJob& job) {
  pw_job form{};
  form.size = sizeof form;
  form.attempt = static_cast<std::uint32_t>(job.attempt);
  form.id = toStr(job.id);
  form.plan_id = toStr(job.planId);
  form.plan_digest = toStr(job.planDigest);
  form.spec = toStr(job.specJson);
  form.token = toStr(job.token);
  form.workdir = toStr(job.workdir);
  form.inputs = toStr(job.inputsJson);
  form.traceparent = toStr(job.traceparent);
  return form;
}

}  // namespace

InprocInstance::InprocInstance(std::shared_ptr<Library> library, Table table)
    : library_(std::move(library)),
      table_(table),
      stage_(std::visit([](const auto* of) { return of->stage; }, table)),
      interruptible_(PW_HAS(stage_, interrupt)) {}

Result<InprocInstance::Table> InprocInstance::tableOf(const Library& library,
                                                      std::string_view stage) {
  const void* table = library.stage(stage);
  if (!table) return notFound("it has no stage " + std::string(stage));
  if (stage == PW_PLANNER) return Table(static_cast<const pw_planner*>(table));
  if (stage == PW_BUILDER) return Table(static_cast<const pw_builder*>(table));
  if (stage == PW_REMOTE_BUILDER) return Table(static_cast<const pw_remote_builder*>(table));
  if (stage == PW_SOURCE) return Table(static_cast<const pw_source*>(table));
  return notFound("a host has no stage " + std::string(stage));
}

template <class Enter>
std::optional<Failure> InprocInstance::runLifecycle(Enter enter) {
  const std::lock_guard lock(library_->lifecycle());
  ModuleServices services(library_->manifest().id, library_->count());
  StageCall call(services);
  record_.begin(std::nullopt, call);
  return record_.end(enter(&record_), library_->manifest().id).failure;
}

Result<std::unique_ptr<StageInstance>> InprocInstance::create(std::shared_ptr<Library> library,
                                                              std::string_view stage,
                                                              const std::string& queue,
                                                              std::string_view settingsJson) {
  const auto table = tableOf(*library, stage);
  if (!table) return table.error();
  std::unique_ptr<InprocInstance> made(new InprocInstance(std::move(library), *table));
  const auto created = made->runLifecycle([&](pw_call* call) {
    return made->stage_->create(made->library_->host(), call, toStr(queue), toStr(settingsJson),
                                &made->self_);
  });
  if (created) {
    made->self_ = nullptr;  // what a failed create left there is not ours to destroy
    return toError(*created);
  }
  if (PW_HAS(made->stage_, start)) {
    const auto started =
        made->runLifecycle([&](pw_call* call) { return made->stage_->start(made->self_, call); });
    if (started) return toError(*started);
    made->started_ = true;
  }
  return std::unique_ptr<StageInstance>(std::move(made));
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

/// Runs the plugin's function.
pw_status InprocInstance::enter(const StageRequest& request, std::uint64_t& nextMs) {
  const pw_str text = toStr(request.text);
  switch (request.verb) {
    case Verb::Plan: {
      const pw_input input = toForm(*request.input);
      return std::get<const pw_planner*>(table_)->plan(self_, &record_, &input);
    }
    case Verb::Build: {
      const pw_job job = toForm(*request.job);
      return std::get<const pw_builder*>(table_)->build(self_, &record_, &job);
    }
    case Verb::Poll:
      return std::get<const pw_source*>(table_)->poll(self_, &record_, text, &nextMs);
    case Verb::Submit: {
      const pw_job job = toForm(*request.job);
      return std::get<const pw_remote_builder*>(table_)->submit(self_, &record_, &job);
    }
    case Verb::Observe:
      return std::get<const pw_remote_builder*>(table_)->observe(self_, &record_, text, &nextMs);
    case Verb::Withdraw:
      return std::get<const pw_remote_builder*>(table_)->withdraw(self_, &record_, text);
  }
  return PW_BUG;
}

StageOutcome InprocInstance::call(const StageRequest& request, StageCall& call) {
  std::uint64_t nextMs = 1000;
  pw_status status = PW_OK;
  record_.begin(request.verb, call);
  if (request.verb == Verb::Poll) record_.outcome.text = request.text;  // until it emits another
  if (interruptible_) {
    const std::stop_callback onStop(call.token(), [this] { stage_->interrupt(self_, &record_); });
    status = enter(request, nextMs);
  } else {
    status = enter(request, nextMs);
  }
  StageOutcome outcome = record_.end(status, library_->manifest().id);
  outcome.next = std::chrono::milliseconds(std::min<std::uint64_t>(nextMs, 24 * 3600 * 1000ull));
  return outcome;
}

int InprocInstance::fd() {
  const auto* source = std::get_if<const pw_source*>(&table_);
  return source && PW_HAS(*source, fd) ? (*source)->fd(self_) : -1;
}

}  // namespace planwright

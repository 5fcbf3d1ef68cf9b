#include "stages/inproc_call.h"

#include <fmt/format.h>

#include "base/json.h"
#include "stages/clean_text.h"
#include "stages/remote_words.h"

using planwright::Failure;
using planwright::FailureClass;
using planwright::StopReason;
using planwright::Verb;

namespace planwright {
namespace {

constexpr std::size_t kDocumentLimitBytes = std::size_t{64} << 20;
constexpr std::size_t kHandleLimitBytes = 4096;
constexpr std::size_t kItemLimitBytes = std::size_t{1} << 20;

}  // namespace

FailureClass failureClassOf(pw_status status, StopReason reason) {
  switch (status) {
    case PW_RETRY:
      return FailureClass::Infra;
    case PW_REJECT:
      return FailureClass::Rejected;
    case PW_FAIL:
      return FailureClass::Failed;
    case PW_CONFIG:
    case PW_UNSUPPORTED:
      return FailureClass::Config;
    case PW_CANCELLED:
      if (reason == StopReason::Deadline || reason == StopReason::Silence)
        return FailureClass::Timeout;
      return reason == StopReason::None ? FailureClass::Bug : FailureClass::Cancelled;
    default:
      return FailureClass::Bug;
  }
}

}  // namespace planwright

void pw_call::begin(std::optional<Verb> what, planwright::StageCall& call) {
  verb = what;
  outcome = {};
  emitted = false;
  broken.clear();
  hostError = nullptr;
  hint.clear();
  stage.store(&call, std::memory_order_release);
}

std::optional<Failure> pw_call::whyFailed(pw_status status, StopReason reason,
                                          std::string_view plugin) const {
  const auto bug = [](std::string message) {
    return Failure{FailureClass::Bug, std::move(message), {}, {}};
  };
  if (!broken.empty())
    return bug(fmt::format("The plugin {} broke its contract: {}.", plugin, broken));
  if (outcome.failure) return outcome.failure;
  if (status != PW_OK)
    return Failure{planwright::failureClassOf(status, reason),
                   fmt::format("The plugin {} ended with status {} and gave no reason.{}{}", plugin,
                               status, hint.empty() ? "" : " ", hint),
                   {},
                   {}};
  if (verb == Verb::Plan && !emitted)
    return bug(fmt::format("The plugin {} reported success without a plan.", plugin));
  if (verb == Verb::Submit && outcome.text.empty())
    return bug(fmt::format("The plugin {} submitted a job and gave no handle.", plugin));
  return std::nullopt;
}

planwright::StageOutcome pw_call::end(pw_status status, std::string_view plugin) {
  const StopReason reason = stage.exchange(nullptr, std::memory_order_acq_rel)->reason();
  const std::lock_guard lock(mutex);
  if (hostError) std::rethrow_exception(hostError);
  planwright::StageOutcome end;
  end.failure = whyFailed(status, reason, plugin);
  if (!end.failure) end = std::move(outcome);
  return end;
}

pw_status pw_call::breach(std::string what) {
  if (broken.empty()) broken = std::move(what);
  return PW_BUG;
}

void pw_call::explain(const std::string& why) {
  const std::lock_guard lock(mutex);
  hint = planwright::cleanText(why, planwright::kMessageLimitBytes);
}

pw_status pw_call::emit(std::string_view what, std::string_view json) {
  auto* call = stage.load(std::memory_order_acquire);
  if (!call) return PW_BUG;
  call->live();
  if (call->reason() == StopReason::LeaseLost)
    return PW_CANCELLED;  // someone else owns the item by now
  const std::lock_guard lock(mutex);
  if (outcome.failure) return breach("it emitted a result after it had failed");
  if (verb == Verb::Plan && what == "plan") {
    if (emitted) return breach("it emitted a second plan");
    if (json.size() > planwright::kDocumentLimitBytes)
      return breach("its plan is larger than 64 MiB");
    emitted = true;
    outcome.text.assign(json);
    return PW_OK;
  }
  if ((verb == Verb::Build || verb == Verb::Observe) && what == "output") return emitOutput(json);
  if (verb == Verb::Submit && what == "handle") return emitHandle(json);
  if (verb == Verb::Observe && what == "state") return emitState(json);
  if (verb == Verb::Poll && what == "input") return emitInput(json);
  if (verb == Verb::Poll && what == "cursor") {
    outcome.text.assign(json);
    return PW_OK;
  }
  return breach(fmt::format("it emitted \"{}\", which does not belong here",
                            planwright::cleanText(what, 40)));
}

pw_status pw_call::emitOutput(std::string_view json) {
  const auto parsed = planwright::parseJson(json);
  const auto digest =
      parsed ? planwright::Digest::parse(planwright::textOr(*parsed, "digest")) : std::nullopt;
  const std::string name = parsed ? planwright::textOr(*parsed, "name") : std::string();
  if (!digest || name.empty())
    return breach("it emitted an output that is not {\"name\",\"digest\"}");
  std::string handle = verb == Verb::Observe ? planwright::textOr(*parsed, "handle") : "";
  outcome.outputs.push_back({name, digest->text(), std::move(handle)});
  return PW_OK;
}

pw_status pw_call::emitHandle(std::string_view json) {
  const auto parsed = planwright::parseJson(json);
  std::string handle = parsed ? planwright::textOr(*parsed, "handle") : std::string();
  if (!outcome.text.empty()) return breach("it emitted a second handle");
  if (handle.empty() || handle.size() > planwright::kHandleLimitBytes)
    return breach("it emitted a handle that is not {\"handle\": a text of 1 to 4096 bytes}");
  outcome.text = std::move(handle);
  return PW_OK;
}

pw_status pw_call::emitState(std::string_view json) {
  const auto parsed = planwright::parseJson(json);
  const auto state =
      parsed ? planwright::remoteStageFrom(planwright::textOr(*parsed, "state")) : std::nullopt;
  if (!state)
    return breach(
        "it emitted a state that is not {\"handle\", \"state\": waiting, running, succeeded, "
        "failed or lost}");
  outcome.states.push_back(
      {planwright::textOr(*parsed, "handle"), *state,
       planwright::cleanText(secrets.without(planwright::textOr(*parsed, "message")),
                             planwright::kMessageLimitBytes),
       static_cast<int>(planwright::numberOr(*parsed, "exit", -1))});
  return PW_OK;
}

pw_status pw_call::emitInput(std::string_view json) {
  const auto parsed = planwright::parseJson(json);
  if (!parsed) return breach("it emitted an input that is not JSON");
  planwright::SourceItem item{planwright::textOr(*parsed, "name"),
                              planwright::textOr(*parsed, "path"),
                              planwright::textOr(*parsed, "digest"),
                              {}};
  if (item.name.empty() || item.path.empty() == item.digest.empty())
    return breach("it emitted an input that is not {\"name\", \"path\" or \"digest\"}");
  if (const auto* attributes = planwright::find(*parsed, "attributes"))
    item.attributesJson = planwright::toJson(*attributes);
  if (json.size() > planwright::kItemLimitBytes)
    return breach("it emitted an input with more than 1 MiB of JSON");
  outcome.items.push_back(std::move(item));
  return PW_OK;
}

void pw_call::fail(pw_status why, std::string_view message, std::string_view details,
                   std::uint64_t retryAfterMs) {
  const auto* call = stage.load(std::memory_order_acquire);
  if (!call) return;
  Failure said{
      planwright::failureClassOf(why, call->reason()), cut(message, planwright::kMessageLimitBytes),
      cut(details, planwright::kDetailsLimitBytes),
      std::chrono::milliseconds(std::min<std::uint64_t>(retryAfterMs, 7 * 24 * 3600 * 1000ull))};
  const std::lock_guard lock(mutex);
  if (outcome.failure) return;
  if (!hint.empty()) said.message += " (" + hint + ")";
  outcome.failure = std::move(said);
}

std::string pw_call::masked(std::string_view text, std::size_t limitBytes) {
  const std::lock_guard lock(mutex);
  return planwright::cleanText(secrets.without(text.substr(0, 2 * limitBytes)), limitBytes);
}

std::string pw_call::cut(std::string_view text, std::size_t limitBytes) {
  const std::lock_guard lock(mutex);
  return planwright::cutText(secrets.without(text.substr(0, 2 * limitBytes)), limitBytes,
                             text.size());
}

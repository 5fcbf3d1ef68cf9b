#include "planning/plan_step.h"

#include <algorithm>

#include <fmt/format.h>
#include <unistd.h>

#include "base/backoff.h"
#include "base/failpoints.h"
#include "base/glob.h"
#include "base/traceparent.h"
#include "base/utf8.h"
#include "model/plan_diff.h"
#include "model/plan_document.h"
#include "planning/plan_services.h"
#include "stages/program_plugin.h"

namespace planwright {
namespace {

/// The word for a failed input that people filter by (the closed list of reason codes).
std::string_view reasonCode(FailureClass kind) {
  switch (kind) {
    case FailureClass::Rejected:
      return "planner_rejected_input";
    case FailureClass::Timeout:
      return "timeout";
    case FailureClass::Limit:
      return "limit";
    case FailureClass::Cancelled:
      return "cancelled";
    case FailureClass::Config:
      return "queue_held";
    case FailureClass::Failed:
    case FailureClass::Infra:
    case FailureClass::Bug:
      return "plugin_error";
  }
  return "internal";
}

Failure clean(Failure failure) {
  failure.message = toUtf8(failure.message);
  failure.details = toUtf8(failure.details);
  return failure;
}

StageInput stageInputOf(const ClaimedInput& input) {
  StageInput call;
  call.id = std::to_string(number(input.id));
  call.name = input.filename;
  call.digest = input.digest;
  call.attributesJson = input.attributesJson;
  call.isInline = input.content.has_value();
  call.content = input.content.value_or(std::string());
  call.sizeBytes = input.sizeBytes;
  call.attempt = input.attempt;
  call.traceparent = traceparentOf(input.traceId, fmt::format("input/{}/{}", call.id, input.fence));
  return call;
}

}  // namespace

PlanStep::PlanStep(LiveQueue& queue, const Host& host)
    : queue_(queue),
      blobs_(host.blobs),
      metrics_(host.metrics),
      folder_(host.plannerFolder.empty() ? "" : host.plannerFolder / queue.name) {
  refresh();
}

void PlanStep::adopt(std::shared_ptr<const QueueGeneration> generation) {
  if (generation == generation_) return;
  slots_.clear();
  generation_ = std::move(generation);
  for (const auto& planner : generation_->config.planners)
    slots_.push_back({&planner, nullptr, {}});
}

PlanStep::Slot* PlanStep::slotFor(const std::string& filename) {
  for (auto& slot : slots_)
    if (globMatches(slot.config->match, filename)) return &slot;
  return nullptr;
}

Result<void> PlanStep::create(Slot& slot) {
  if (slot.planner) return {};
  const Plugins& plugins = *generation_->plugins;
  auto settings = plugins.settings(slot.config->plugin, slot.config->settingsJson);
  if (!settings) return settings.error();
  auto planner = plugins.planner(slot.config->plugin, queue_.name, *settings, roomOf(*slot.config));
  if (!planner) return planner.error();
  slot.planner = std::move(*planner);
  slot.settingsDigest = Digest::of(*settings).text();
  return {};
}

/// None for code that is confined itself, or has another user than the others that share it: it
/// could not write there, and is not to.
std::filesystem::path PlanStep::folderOf(const Slot& slot) const {
  const std::string& plugin = slot.config->plugin;
  const bool isConfined = roomOf(*slot.config).rights == StageRoom::Rights::Strict ||
                          !programOf(plugin).empty() || slot.planner->user() != ::geteuid();
  return folder_.empty() || isConfined ? std::filesystem::path() : folder_ / plugin;
}

PlanResult PlanStep::run(const ClaimedInput& input) {
  if (const auto trial = queue_.tryOut(LiveQueue::Stage::Plan)) return tryOut(trial, input);
  refresh();
  return attemptOrRetry(input);
}

/// If the version on trial fails, the version in force plans the input at once, so no input fails
/// because of a trial. The trial has failed only if the version in force can plan the input.
PlanResult PlanStep::tryOut(const std::shared_ptr<const QueueGeneration>& trial,
                            const ClaimedInput& input) {
  using End = LiveQueue::TrialEnd;
  adopt(trial);
  PlanResult tried = attemptOrRetry(input);
  const auto* failed = std::get_if<UnplannedInput>(&tried.end);
  const bool isStopped = failed && (failed->failure.kind == FailureClass::Cancelled ||
                                    (!failed->countAttempt && tried.hold.empty()));
  if (!failed || isStopped) {
    if (const auto tell = queue_.comparison(trial); tell && !failed) compare(tell, input, tried);
    queue_.tried(trial, failed ? End::Undecided : End::Passed);
    return tried;
  }
  refresh();
  PlanResult known = attemptOrRetry(input);
  const bool isBetter = std::holds_alternative<PlannedInput>(known.end);
  queue_.tried(trial, isBetter ? End::Failed : End::Undecided,
               fmt::format("Input {}: {}", number(input.id), failed->failure.message));
  return known;
}

/// The plan of the version on trial is stored. The other one is only compared with it.
void PlanStep::compare(const LiveQueue::Compared& tell, const ClaimedInput& input,
                       const PlanResult& tried) {
  refresh();
  const PlanResult known = attemptOrRetry(input);
  const auto* before = std::get_if<PlannedInput>(&known.end);
  if (!before) return;  // that one has failed: there is nothing to compare with
  const auto diff =
      diffPlans(before->plan.document, std::get<PlannedInput>(tried.end).plan.document);
  if (diff)
    tell({number(input.id), input.filename, diff->isSame(), diff->added.size(),
          diff->removed.size(), diff->changed.size(), diff->json()});
}

PlanResult PlanStep::attemptOrRetry(const ClaimedInput& input) {
  try {
    return attempt(input);
  } catch (const std::exception& e) {  // disk full, blob store away: the input is not to blame
    PlanResult result;
    result.end = toUnplanned(input, {FailureClass::Infra, e.what(), {}, {}});
    return result;
  }
}

PlanResult PlanStep::attempt(const ClaimedInput& input) {
  const auto begin = std::chrono::steady_clock::now();
  Slot* slot = slotFor(input.filename);
  if (!slot) return noPlannerFits(input);
  PlanResult result;
  result.plugin = slot->config->plugin;
  if (const auto ok = create(*slot); !ok) {
    const bool again = ok.error().kind == ErrorKind::Unavailable;
    result.end = toUnplanned(
        input, {again ? FailureClass::Infra : FailureClass::Config, ok.error().message, {}, {}});
    if (!again) result.hold = {fmt::format("{}: {}", result.plugin, ok.error().message), {}};
    return result;
  }
  auto secrets = readSecretValues(slot->config->pluginSecrets);
  if (!secrets) {
    result.hold = {fmt::format("{}: {}", result.plugin, secrets.error().message), {}};
    result.end = toUnplanned(input, {FailureClass::Config, secrets.error().message, {}, {}});
    return result;
  }
  const StageInput call = stageInputOf(input);
  Reports reports(metrics_, result.plugin, queue_.name);
  PlanServices services(call, blobs_, std::move(*secrets), roomOf(*slot->config).programs, reports,
                        folderOf(*slot));
  StageCall running(services, {slot->config->deadline, slot->config->silenceTimeout});
  const RunningCall<InputId>::Scope scope(running_, running, input.id);
  *telling_.lock() = {input.id, input.fence, &reports};
  const std::shared_ptr<void> afterwards(nullptr, [this](void*) { *telling_.lock() = {}; });
  failpoint("plan.call.before");
  StageOutcome outcome = slot->planner->plan(call, running);
  failpoint("plan.call.after");
  if (running.reason() == StopReason::User)  // what it says of a stop it did not ask for is nothing
    outcome.failure = Failure{FailureClass::Cancelled, "Somebody cancelled it.", {}, {}};
  // A result that comes too late is dropped, like one that never comes.
  if (auto over = running.overLimit(outcome.failure.value_or(Failure{})))
    outcome.failure = std::move(over);
  if (outcome.failure) {
    if (outcome.failure->kind == FailureClass::Config)
      outcome.hold.reason = toUtf8(outcome.failure->message);
    if (!outcome.hold.empty())
      result.hold = {fmt::format("{}: {}", result.plugin, outcome.hold.reason),
                     outcome.hold.quarantined};
    auto unplanned = toUnplanned(input, std::move(*outcome.failure));
    if (outcome.isDeath && unplanned.failure.kind == FailureClass::Infra) {
      unplanned.isDeath = true;
      unplanned.budget = generation_->config.retry.poisonAfter - 1;
    }
    if (running.reason() == StopReason::Drain)
      unplanned.retryIn = std::chrono::milliseconds(0), unplanned.countAttempt = false;
    result.end = std::move(unplanned);
  } else {
    result = seal(input, *slot, outcome.text, services.takeBlobs());
  }
  std::visit([&](auto& end) { end.events = reports.takeEvents(); }, result.end);
  if (auto* unplanned = std::get_if<UnplannedInput>(&result.end))
    unplanned->planner = slot->config->plugin;
  result.took = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - begin);
  return result;
}

PlanResult PlanStep::noPlannerFits(const ClaimedInput& input) const {
  std::string patterns;
  for (const auto& slot : slots_) patterns += (patterns.empty() ? "" : ", ") + slot.config->match;
  PlanResult result;
  result.end = toUnplanned(
      input,
      {FailureClass::Rejected,
       fmt::format("No planner of queue {} takes a file named {}; there are planners for {}.",
                   queue_.name, input.filename, patterns.empty() ? "nothing" : patterns),
       {},
       {}});
  return result;
}

/// Which of the jobs' inputs nobody has, in a sentence; "" = none. The job would fail for it.
std::string PlanStep::missingBlob(const PlanSeal& plan,
                                  const std::vector<StagedBlob>& stored) const {
  for (const auto& [name, user] : plan.inputs) {
    const auto digest = Digest::parse(name);
    const auto isIt = [&](const StagedBlob& blob) { return digest && blob.digest == *digest; };
    if (std::any_of(stored.begin(), stored.end(), isIt)) continue;
    const auto file = digest ? blobs_.open(*digest) : Result<UniqueFd>(notFound({}));
    if (!file && !isLostBlob(file.error()))  // one that is lost may come back
      return fmt::format("There is no blob {}, which is {}; upload the file first.", name, user);
  }
  return {};
}

PlanResult PlanStep::seal(const ClaimedInput& input, const Slot& slot, const std::string& emitted,
                          std::vector<StagedBlob> stored) {
  const PluginInfo* info = generation_->plugins->find(slot.config->plugin);
  const std::string planner = fmt::format("{} {}", slot.config->plugin, info ? info->version : "");
  PlanResult result;
  result.plugin = slot.config->plugin;
  auto sealed = sealPlan(emitted, input.digest, planner);
  if (!sealed) {
    result.end = toUnplanned(input, {FailureClass::Bug,
                                     fmt::format("{} made a plan that breaks the rules: {}",
                                                 planner, sealed.error().message),
                                     {},
                                     {}});
    return result;
  }
  if (std::string missing = missingBlob(*sealed, stored); !missing.empty()) {
    result.end = toUnplanned(input, {FailureClass::Rejected, std::move(missing), {}, {}});
    return result;
  }
  result.blobs = std::move(stored);
  PlannedInput planned;
  planned.id = input.id;
  planned.fence = input.fence;
  planned.plan.digest = sealed->digest;
  planned.plan.recipe = sealed->recipe;
  planned.plan.summaryJson = std::move(sealed->summaryJson);
  planned.plan.jobCount = sealed->jobCount;
  planned.plan.blobs = std::move(sealed->blobs);
  planned.plan.planner = planner;
  planned.plan.plannerDigest = info ? info->digest : "";
  planned.plan.settingsDigest = slot.settingsDigest;
  planned.plan.isLarge = sealed->document.size() > kRowDocumentBytes;
  if (planned.plan.isLarge) blobs_.stageBytes(sealed->document);
  planned.plan.document = std::move(sealed->document);
  result.end = std::move(planned);
  return result;
}

UnplannedInput PlanStep::toUnplanned(const ClaimedInput& input, Failure failure) const {
  UnplannedInput unplanned;
  unplanned.id = input.id;
  unplanned.fence = input.fence;
  unplanned.reasonCode = reasonCode(failure.kind);
  const auto& retry = generation_->config.retry;
  if (const int budget = retry.budget(failure.kind); budget > 0) {  // the row knows what is used up
    unplanned.budget = budget;
    unplanned.retryIn =
        failure.retryAfter.count() > 0
            ? failure.retryAfter
            : retryDelay(retry.first, retry.factor, retry.max, retry.jitter, input.attempt);
  } else if (failure.kind == FailureClass::Config) {
    unplanned.retryIn = std::chrono::milliseconds(0);  // the queue is held; nothing is failed
    unplanned.countAttempt = false;
  }
  unplanned.failure = clean(std::move(failure));
  return unplanned;
}

std::optional<InputProgress> PlanStep::takeProgress() {
  auto telling = telling_.lock();
  auto progress = telling->reports ? telling->reports->takeProgress() : std::nullopt;
  if (!progress) return std::nullopt;
  return InputProgress{telling->input, telling->fence, std::move(*progress)};
}

}  // namespace planwright

#include "trial/plan_replay.h"

#include "base/json.h"
#include "model/plan_diff.h"
#include "stages/stage_call.h"
#include "trial/plan_trial.h"

namespace planwright {

Result<std::unique_ptr<PlanReplay>> PlanReplay::open(const std::filesystem::path& file,
                                                     const std::vector<std::string>& settings) {
  std::unique_ptr<PlanReplay> replay(new PlanReplay);
  auto plugin = LonePlugin::load(file, replay->programs_);
  if (!plugin) return plugin.error();
  replay->plugin_ = std::move(*plugin);
  const auto& info = replay->plugin_->info();
  const auto given = settingsFrom(settings, info.settingsSchemaJson);
  if (!given) return given.error();
  auto planner = replay->plugin_->plugins().planner(info.id, "replay", *given);
  if (!planner) return planner.error();
  replay->planner_ = std::move(*planner);
  return replay;
}

bool PlanReplay::isOurs(std::string_view document) const {
  const auto plan = parseJson(document);
  const auto* head = plan ? find(*plan, "planwright") : nullptr;
  const std::string planner = head ? textOr(*head, "planner") : std::string();  // "id version"
  return planner.substr(0, planner.find(' ')) == plugin_->info().id;
}

PlanReplay::Answer PlanReplay::compare(const std::string& name, const std::string& content,
                                       std::string_view document) {
  StageCall call(services_);
  auto outcome = planner_->plan(inputOf(name, content, services_), call);
  if (outcome.failure) return {std::move(outcome.failure), false, {}};
  const auto sealed = sealTrial(outcome.text, content, plugin_->info());
  const auto diff = sealed ? diffPlans(document, *sealed) : Result<PlanDiff>(sealed.error());
  if (!diff) return {Failure{FailureClass::Bug, diff.error().message, {}, {}}, false, {}};
  return {std::nullopt, diff->isSame(), diff->json()};
}

}  // namespace planwright

#include <fmt/format.h>

#include "base/json.h"
#include "base/scratch_folder.h"
#include "stages/stage_call.h"
#include "trial/lone_plugin.h"
#include "trial/plan_trial.h"
#include "trial/trial_job.h"
#include "trial/trial_module.h"
#include "trial/trial_programs.h"
#include "trial/trial_services.h"

namespace planwright {
namespace {

using Isolation = StageRoom::Isolation;

/// Everything that a host gets for one item, as text.
std::string resultOf(const StageOutcome& outcome) {
  JsonWriter json;
  json.object().member("document", outcome.text);
  if (const auto& failure = outcome.failure)
    json.member("failure", toText(failure->kind))
        .member("message", failure->message)
        .member("details", failure->details);
  json.key("outputs").array();
  for (const auto& output : outcome.outputs) json.value(output.name).value(output.digest);
  return json.end().end().take();
}

/// What a host makes of the sample with the stage in this mode.
Result<std::string> runAsAHost(const CheckSubject& subject, const std::string& stage,
                               const CheckSample& sample, Isolation isolation) {
  TrialPrograms programs;
  TrialServices services([](std::string_view, int, std::string_view) {});
  auto plugin = LonePlugin::load(subject.file, programs, subject.scratch);
  if (!plugin) return plugin.error();
  // What is in this process never ends, so that its code is not unloaded: a thread that it leaves
  // behind is for another check to find.
  const Plugins& plugins = plugin->release()->plugins();
  StageCall call(services);
  if (stage == PW_PLANNER) {
    auto made = plugins.planner(subject.manifest.id, "check", subject.settings, {isolation});
    if (!made) return made.error();
    const StageOutcome outcome =
        (*made)->plan(inputOf(sample.name, sample.content, services), call);
    if (isolation == Isolation::Inproc) static_cast<void>(made->release());  // it lives to the end
    return resultOf(outcome);
  }
  const auto workdir = ScratchFolder::below({});
  const auto job = TrialJob::prepare(sample.content, {}, workdir.path(), {});
  if (!job) return job.error();
  auto made = plugins.builder(subject.manifest.id, "check", subject.settings, {isolation});
  if (!made) return made.error();
  const StageOutcome outcome = (*made)->build(job->job, call);
  if (isolation == Isolation::Inproc) static_cast<void>(made->release());  // it lives to the end
  return resultOf(outcome);
}

CheckOutcome sameInBothModes(const CheckSubject& subject) {
  if (!subject.manifest.inproc || !subject.manifest.process)
    return CheckOutcome::skipped("plugin.json lets it run in one mode only.");
  if (!subject.manifest.pure)
    return CheckOutcome::skipped("plugin.json does not say \"pure\": true.");
  for (const auto& stage : workingStages(subject)) {
    if (stage != PW_PLANNER && stage != PW_BUILDER) continue;
    auto samples = samplesFor(subject, stage);
    if (samples.empty()) samples = {plainSample(subject, stage)};
    for (const auto& sample : samples) {
      const auto outer = runAsAHost(subject, stage, sample, Isolation::Process);
      if (!outer) return wrong(stage, outer.error().message);
      const auto inner = runAsAHost(subject, stage, sample, Isolation::Inproc);
      if (!inner) return wrong(stage, inner.error().message);
      if (*inner != *outer)
        return wrong(stage, fmt::format("{} gives {} in the host, but {} in a process of its own.",
                                        sample.name, *inner, *outer));
    }
  }
  return CheckOutcome::passed();
}

}  // namespace

std::vector<Check> modeChecks() {
  return {{"modes", "same-in-both-modes", sameInBothModes,
           "Take nothing from the process: its environment, working folder, pid, descriptors."}};
}

}  // namespace planwright

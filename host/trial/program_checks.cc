#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "planwright/plugin.h"

#include "base/digest.h"
#include "base/scratch_folder.h"
#include "model/plan_document.h"
#include "stages/program_plugin.h"
#include "stages/stage_call.h"
#include "trial/check.h"
#include "trial/lone_plugin.h"
#include "trial/plan_trial.h"
#include "trial/trial_job.h"
#include "trial/trial_module.h"
#include "trial/trial_programs.h"
#include "trial/trial_services.h"

namespace planwright {
namespace {

const StageRoom kRoom{StageRoom::Isolation::Process};

/// The program in a process of its own, as a host runs it, for one stage. One thread.
class ProgramTrial {
 public:
  ProgramTrial(const CheckSubject& subject, const std::string& stage)
      : plugin_(LonePlugin::load(subject.file, programs_, subject.scratch)),
        error_(plugin_ ? std::string() : plugin_.error().message) {
    if (!plugin_) return;
    const Plugins& plugins = (*plugin_)->plugins();
    const std::string id = (*plugin_)->info().id;
    if (stage == PW_PLANNER)
      keep(plugins.planner(id, "check", subject.settings, kRoom), planner_);
    else
      keep(plugins.builder(id, "check", subject.settings, kRoom), builder_);
  }

  /// Why no instance could be made, or "".
  const std::string& error() const { return error_; }

  /// One item; `isStopped`: the host wants it to end from the beginning.
  StageOutcome work(const CheckSample& sample, bool isStopped = false) {
    StageCall call(services_);
    if (isStopped) call.stop(StopReason::User);
    if (planner_) return planner_->plan(inputOf(sample.name, sample.content, services_), call);
    const ScratchFolder workdir = ScratchFolder::below({});
    const auto job = TrialJob::prepare(sample.content, {}, workdir.path(), {});
    if (job) return builder_->build(job->job, call);
    StageOutcome refused;
    refused.failure = Failure{FailureClass::Rejected, job.error().message, {}, {}};
    return refused;
  }

 private:
  template <class Stage>
  void keep(Result<std::unique_ptr<Stage>> made, std::unique_ptr<Stage>& place) {
    if (made)
      place = std::move(*made);
    else
      error_ = made.error().message;
  }

  TrialPrograms programs_;
  TrialServices services_{[](std::string_view, int, std::string_view) {}};
  Result<std::unique_ptr<LonePlugin>> plugin_;
  std::string error_;
  std::unique_ptr<Planner> planner_;
  std::unique_ptr<Builder> builder_;
};

using ProgramCheck = std::function<CheckOutcome(ProgramTrial& program, const std::string& stage)>;

/// For each stage that it has. Without a manifest it may be either, and is what starts.
CheckOutcome forEach(const CheckSubject& subject, const ProgramCheck& check) {
  if (!subject.settingsProblem.empty()) return CheckOutcome::skipped(subject.settingsProblem);
  const bool isDeclared = subject.manifest.json != "{}";
  std::string refused;
  bool isAny = false;
  for (const auto& stage : workingStages(subject)) {
    if (stage == PW_SOURCE)
      return CheckOutcome::failed("A program can be no source; remove that from stages.");
    ProgramTrial program(subject, stage);
    if (!program.error().empty()) {
      refused = wrong(stage, program.error()).message;
      if (isDeclared) return CheckOutcome::failed(refused);
      continue;
    }
    isAny = true;
    if (auto outcome = check(program, stage); outcome != CheckOutcome::passed()) return outcome;
  }
  return isAny ? CheckOutcome::passed() : CheckOutcome::failed(refused);
}

CheckOutcome canBeStarted(const CheckSubject& subject) {
  const auto program = readProgram(std::filesystem::absolute(subject.file), ManifestReader());
  return program ? CheckOutcome::passed() : CheckOutcome::failed(program.error().message);
}

CheckOutcome answersHello(const CheckSubject& subject) {
  return forEach(subject, [](ProgramTrial&, const std::string&) { return CheckOutcome::passed(); });
}

std::string said(const Failure& failure) {
  return fmt::format("{}: {}", toText(failure.kind), failure.message);
}

/// Whatever it makes of this, it may be no bug and no death.
CheckOutcome isNoBug(const CheckSubject& subject, const CheckSample& sample, const char* what,
                     std::string_view only = {}) {
  return forEach(subject, [&](ProgramTrial& program, const std::string& stage) {
    if (!only.empty() && stage != only) return CheckOutcome::passed();
    const StageOutcome outcome = program.work(sample);
    const bool isBug =
        outcome.isDeath || (outcome.failure && outcome.failure->kind == FailureClass::Bug);
    return isBug ? wrong(stage, fmt::format("{} ends in {}", what, said(*outcome.failure)))
                 : CheckOutcome::passed();
  });
}

CheckOutcome emptyInput(const CheckSubject& subject) {
  return isNoBug(subject, {"empty.txt", ""}, "an empty input");
}

CheckOutcome longLine(const CheckSubject& subject) {
  return isNoBug(subject, {"long.txt", std::string(std::size_t{4} << 20, 'x')}, "a line of 4 MiB");
}

CheckOutcome strangeBytes(const CheckSubject& subject) {
  std::string bytes;
  for (int i = 0; i < 4096; ++i) bytes += static_cast<char>(i * 131 >> 3);
  return isNoBug(subject, {"strange.txt", bytes}, "an input of any bytes");
}

CheckOutcome strangeSpec(const CheckSubject& subject) {
  return isNoBug(subject, {"job", R"({"id":"job","spec":{"command":[7],"":null}})"},
                 "a strange spec", PW_BUILDER);
}

CheckOutcome takesItsSamples(const CheckSubject& subject) {
  if (subject.samples.empty())
    return CheckOutcome::skipped("There are no samples; give a folder of inputs with --input.");
  return forEach(subject, [&](ProgramTrial& program, const std::string& stage) {
    for (const auto& sample : samplesFor(subject, stage)) {
      const StageOutcome outcome = program.work(sample);
      if (outcome.failure)
        return wrong(stage,
                     fmt::format("the sample {} ends as {}", sample.name, said(*outcome.failure)));
    }
    return CheckOutcome::passed();
  });
}

CheckOutcome planIsValid(const CheckSubject& subject) {
  return forEach(subject, [&](ProgramTrial& program, const std::string& stage) {
    if (stage != PW_PLANNER) return CheckOutcome::passed();
    auto samples = samplesFor(subject, stage);
    if (samples.empty()) samples = {plainSample(subject, stage)};
    for (const auto& sample : samples) {
      const StageOutcome outcome = program.work(sample);
      if (outcome.failure) continue;  // another check's
      const auto sealed = sealPlan(outcome.document, Digest::of(sample.content).text(), "check");
      if (!sealed)
        return wrong(stage, fmt::format("a host refuses the plan of {}: {}", sample.name,
                                        sealed.error().message));
    }
    return CheckOutcome::passed();
  });
}

CheckOutcome sameInputSameBytes(const CheckSubject& subject) {
  if (!subject.manifest.pure)
    return CheckOutcome::skipped("Its manifest does not say \"pure\": true.");
  return forEach(subject, [&](ProgramTrial& first, const std::string& stage) {
    if (stage != PW_PLANNER) return CheckOutcome::passed();
    ProgramTrial second(subject, stage);
    const auto sample = plainSample(subject, stage);
    return first.work(sample).document == second.work(sample).document
               ? CheckOutcome::passed()
               : wrong(stage, "the same input and settings gave two different plans.");
  });
}

CheckOutcome worksAgain(const CheckSubject& subject) {
  return forEach(subject, [&](ProgramTrial& program, const std::string& stage) {
    const auto sample = plainSample(subject, stage);
    for (int i = 0; i < 2; ++i)
      if (const auto outcome = program.work(sample); outcome.isDeath)
        return wrong(stage, said(*outcome.failure));
    return CheckOutcome::passed();
  });
}

CheckOutcome stopsWithinASecond(const CheckSubject& subject) {
  constexpr auto kMost = std::chrono::seconds(1);
  return forEach(subject, [&](ProgramTrial& program, const std::string& stage) {
    const auto begin = std::chrono::steady_clock::now();
    program.work(plainSample(subject, stage), true);
    return std::chrono::steady_clock::now() - begin > kMost
               ? wrong(stage, "it went on for more than a second after it was told to stop.")
               : CheckOutcome::passed();
  });
}

}  // namespace

std::vector<Check> programChecks() {
  constexpr const char* kReject = "Check what comes from outside, and refuse it with a reason.";
  std::vector<Check> checks = {
      {"static", "can-be-started", canBeStarted,
       "A program has a #! line or is an executable file; its manifest, PROGRAM.json beside it, "
       "follows schema/manifest.schema.json of the SDK.",
       true, false}};
  for (const auto& check : staticChecks())
    if (std::string_view(check.name) == "settings-schema") checks.push_back(check);
  checks.insert(
      checks.end(),
      {{"load", "answers-hello", answersHello, "frames.md of the SDK says what a host sends first.",
        true},
       {"life", "works-again", worksAgain,
        "Answer one call after the other until the host closes."},
       {"work", "empty-input", emptyInput, kReject},
       {"work", "4-MiB-line", longLine, kReject},
       {"work", "strange-bytes", strangeBytes, kReject},
       {"work", "strange-spec", strangeSpec, kReject},
       {"work", "takes-its-samples", takesItsSamples,
        "`planwright plugin run` shows what happens with this sample."},
       {"work", "plan-schema-valid", planIsValid,
        "schema/plan.schema.json of the SDK has the rules of plans."},
       {"work", "same-input-same-bytes", sameInputSameBytes,
        "Leave time, randomness and the order of sets out of the plan, or say \"pure\": false."},
       {"work", "cancel-within-1-s", stopsWithinASecond,
        "Look for Cancel during long work: call.progress() of planwright.py does."}});
  return checks;
}

}  // namespace planwright

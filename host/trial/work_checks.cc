#include <chrono>

#include <fmt/format.h>

#include "planwright/plugin.h"

#include "base/digest.h"
#include "model/plan_document.h"
#include "trial/trial_module.h"
#include "trial/work_trial.h"

namespace planwright {
namespace {

/// Any result is allowed here except a bug.
CheckOutcome isNoBug(const CheckSubject& subject, const CheckSample& sample, const char* what,
                     std::string_view only = {}) {
  return forEachTrial(subject, [&](WorkTrial& trial, const std::string& stage) {
    if (!only.empty() && stage != only) return CheckOutcome::passed();
    const WorkEnd end = trial.work(sample);
    return end.isBug ? wrong(stage, fmt::format("{} ends in {}", what, end.said))
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
  return forEachTrial(subject, [&](WorkTrial& trial, const std::string& stage) {
    for (const auto& sample : samplesFor(subject, stage))
      if (const WorkEnd end = trial.work(sample, {.runsPrograms = true}); !end.isOk)
        return wrong(stage, fmt::format("the sample {} ends with {}", sample.name, end.said));
    return CheckOutcome::passed();
  });
}

CheckOutcome planIsValid(const CheckSubject& subject) {
  return forEachTrial(subject, [&](WorkTrial& trial, const std::string& stage) {
    if (stage != PW_PLANNER) return CheckOutcome::passed();
    auto samples = samplesFor(subject, stage);
    if (samples.empty()) samples = {plainSample(subject, stage)};
    for (const auto& sample : samples)
      for (const auto& plan : trial.work(sample, {.runsPrograms = true}).plans)
        if (const auto sealed = sealPlan(plan, Digest::of(sample.content).text(), "check"); !sealed)
          return wrong(stage, fmt::format("a host refuses the plan of {}: {}", sample.name,
                                          sealed.error().message));
    return CheckOutcome::passed();
  });
}

CheckOutcome sameInputSameBytes(const CheckSubject& subject) {
  if (!subject.manifest.pure)
    return CheckOutcome::skipped("Its manifest does not say \"pure\": true.");
  return forEachTrial(subject, [&](WorkTrial& trial, const std::string& stage) {
    if (stage != PW_PLANNER) return CheckOutcome::passed();
    const auto sample = plainSample(subject, stage);
    return trial.freshResult(sample) == trial.freshResult(sample)
               ? CheckOutcome::passed()
               : wrong(stage, "the same input and settings gave two different plans.");
  });
}

CheckOutcome stopsWithinASecond(const CheckSubject& subject) {
  constexpr auto kMost = std::chrono::seconds(1);
  return forEachTrial(subject, [&](WorkTrial& trial, const std::string& stage) {
    const auto begin = std::chrono::steady_clock::now();
    trial.work(plainSample(subject, stage), {.isStopped = true});
    return std::chrono::steady_clock::now() - begin > kMost
               ? wrong(stage, "it went on for more than a second after it was told to stop.")
               : CheckOutcome::passed();
  });
}

}  // namespace

std::vector<Check> workChecks() {
  constexpr const char* kReject =
      "Check what comes from outside, and refuse it with a reason (pw::reject() in C++).";
  return {
      {"work", "empty-input", emptyInput, kReject},
      {"work", "4-MiB-line", longLine, kReject},
      {"work", "strange-bytes", strangeBytes, kReject},
      {"work", "strange-spec", strangeSpec, kReject},
      {"work", "takes-its-samples", takesItsSamples,
       "`planwright plugin run` shows what happens with this sample."},
      {"work", "plan-schema-valid", planIsValid,
       "schema/plan.schema.json of the SDK has the rules of plans."},
      {"work", "same-input-same-bytes", sameInputSameBytes,
       "Leave time, randomness, addresses and the order of sets and hash tables out of the plan, "
       "or say \"pure\": false."},
      {"work", "cancel-within-1-s", stopsWithinASecond,
       "Ask call.cancelled() or use call.progress() in long loops, and pass waits through them; a "
       "program looks for Cancel, which call.progress() of planwright.py does."},
  };
}

}  // namespace planwright

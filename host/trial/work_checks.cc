#include <chrono>

#include <fmt/format.h>

#include "base/digest.h"
#include "base/json.h"
#include "model/plan_document.h"
#include "stages/exec_service.h"
#include "trial/trial_module.h"
#include "trial/trial_programs.h"
#include "trial/trial_services.h"

namespace planwright {
namespace {

using pw::testing::End;
using pw::testing::FakeHost;

/// A fake host that runs programs, as far as the samples of the author need them.
class WorkingHost {
 public:
  WorkingHost() {
    host.exec = [this](std::string_view spec) {
      StageCall call(services_);
      const auto result = runProgram(spec, call, programs_, folders_);
      if (result) return *result;
      JsonWriter json;
      json.object().member("outcome", "refused").member("error", result.error().message);
      return json.end().take();
    };
  }

  FakeHost host;

 private:
  TrialPrograms programs_;
  TrialServices services_{[](std::string_view, int, std::string_view) {}};
  PrivateFolders folders_{{}};
};

std::string said(const End& end) {
  return fmt::format("status {}{}{}", end.status, end.message.empty() ? "" : ": ", end.message);
}

/// Whatever it makes of this, it may not be a bug.
CheckOutcome isNoBug(const CheckSubject& subject, const CheckSample& sample, const char* what) {
  return forEachStage(subject, [&](const TrialModule& module, const std::string& stage) {
    FakeHost host;
    const End end = module.work(host, stage, sample);
    return end.status == PW_BUG
               ? wrong(stage, fmt::format("{} ends in a bug: {}", what, end.message))
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

CheckOutcome takesItsSamples(const CheckSubject& subject) {
  if (subject.samples.empty())
    return CheckOutcome::skipped("There are no samples; give a folder of inputs with --input.");
  return forEachStage(subject, [&](const TrialModule& module, const std::string& stage) {
    for (const auto& sample : samplesFor(subject, stage)) {
      WorkingHost working;
      const End end = module.work(working.host, stage, sample);
      if (!end.ok())
        return wrong(stage, fmt::format("the sample {} ends with {}", sample.name, said(end)));
    }
    return CheckOutcome::passed();
  });
}

CheckOutcome planIsValid(const CheckSubject& subject) {
  return forEachStage(subject, [&](const TrialModule& module, const std::string& stage) {
    auto samples = samplesFor(subject, stage);
    if (samples.empty()) samples = {plainSample(subject, stage)};
    for (const auto& sample : samples) {
      WorkingHost working;
      module.work(working.host, stage, sample);
      for (const auto& plan : working.host.emitted("plan"))
        if (const auto sealed = sealPlan(plan, Digest::of(sample.content).text(), "check"); !sealed)
          return wrong(stage, fmt::format("a host refuses the plan of {}: {}", sample.name,
                                          sealed.error().message));
    }
    return CheckOutcome::passed();
  });
}

CheckOutcome sameInputSameBytes(const CheckSubject& subject) {
  if (!subject.manifest.pure)
    return CheckOutcome::skipped("plugin.json does not say \"pure\": true.");
  return forEachStage(subject, [&](const TrialModule&, const std::string& stage) {
    if (stage != PW_PLANNER) return CheckOutcome::passed();
    const auto sample = plainSample(subject, stage);
    return freshResult(subject, stage, {sample}) == freshResult(subject, stage, {sample})
               ? CheckOutcome::passed()
               : wrong(stage, "the same input and settings gave two different plans.");
  });
}

CheckOutcome strangeSpec(const CheckSubject& subject) {
  return forEachStage(subject, [&](const TrialModule& module, const std::string& stage) {
    if (stage != PW_BUILDER) return CheckOutcome::passed();
    FakeHost host;
    const End end =
        module.work(host, stage, {"job", R"({"id":"job","spec":{"command":[7],"":null}})"});
    return end.status == PW_BUG ? wrong(stage, "a strange spec ends in a bug: " + end.message)
                                : CheckOutcome::passed();
  });
}

CheckOutcome stopsWithinASecond(const CheckSubject& subject) {
  constexpr auto kMost = std::chrono::seconds(1);
  return forEachStage(subject, [&](const TrialModule& module, const std::string& stage) {
    FakeHost host;
    host.cancelAt = 1;
    const auto begin = std::chrono::steady_clock::now();
    module.work(host, stage, plainSample(subject, stage));
    return std::chrono::steady_clock::now() - begin > kMost
               ? wrong(stage, "it went on for more than a second after it was told to stop.")
               : CheckOutcome::passed();
  });
}

}  // namespace

std::vector<Check> workChecks() {
  constexpr const char* kReject = "Check what comes from outside; pw::reject() says what is wrong.";
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
       "Leave time, randomness, addresses and the order of hash tables out of the plan, or say "
       "\"pure\": false."},
      {"work", "cancel-within-1-s", stopsWithinASecond,
       "Ask call.cancelled() or use call.progress() in long loops, and pass waits through them."},
  };
}

}  // namespace planwright

#include <filesystem>

#include "stages/program_plugin.h"
#include "trial/trial_module.h"
#include "trial/work_trial.h"

namespace planwright {
namespace {

CheckOutcome canBeStarted(const CheckSubject& subject) {
  const auto program = readProgram(std::filesystem::absolute(subject.file), ManifestReader());
  return program ? CheckOutcome::passed() : CheckOutcome::failed(program.error().message);
}

CheckOutcome answersHello(const CheckSubject& subject) {
  return forEachTrial(subject,
                      [](WorkTrial&, const std::string&) { return CheckOutcome::passed(); });
}

CheckOutcome worksAgain(const CheckSubject& subject) {
  return forEachTrial(subject, [&](WorkTrial& program, const std::string& stage) {
    const auto sample = plainSample(subject, stage);
    for (int i = 0; i < 2; ++i)
      if (const auto end = program.work(sample); end.isDeath) return wrong(stage, end.said);
    return CheckOutcome::passed();
  });
}

}  // namespace

std::vector<Check> programChecks() {
  std::vector<Check> checks = {
      {"static", "can-be-started", canBeStarted,
       "A program has a #! line or is an executable file; its manifest, PROGRAM.json beside it, "
       "follows schema/manifest.schema.json of the SDK.",
       true, false}};
  for (const auto& check : staticChecks())
    if (std::string_view(check.name) == "settings-schema") checks.push_back(check);
  checks.push_back({"load", "answers-hello", answersHello,
                    "frames.md of the SDK says what a host sends first.", true});
  checks.push_back({"life", "works-again", worksAgain,
                    "Answer one call after the other until the host closes."});
  for (const auto& check : workChecks()) checks.push_back(check);
  return checks;
}

}  // namespace planwright

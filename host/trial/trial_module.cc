#include "trial/trial_module.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/files.h"
#include "base/unique_fd.h"
#include "trial/trial_job.h"

namespace planwright {
namespace {

namespace fs = std::filesystem;
using pw::testing::End;
using pw::testing::FakeHost;

/// A file of its own for each copy: the loader knows libraries by their inode.
fs::path freshFile(const fs::path& folder, const char* ending) {
  static int number = 0;
  return folder / fmt::format("{}-{}{}", ::getpid(), number++, ending);
}

}  // namespace

Result<std::unique_ptr<TrialModule>> TrialModule::load(const CheckSubject& subject) {
  const fs::path copy = freshFile(subject.scratch, ".so");
  writeAll(UniqueFd(::open(copy.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444)).get(),
           subject.bytes);
  void* handle = ::dlopen(copy.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    const char* why = ::dlerror();
    return Error{ErrorKind::Failed, why ? why : "no reason given", {}, {}};
  }
  std::unique_ptr<TrialModule> loaded(new TrialModule(subject, handle, copy.string()));
  loaded->module_ = static_cast<const pw_module*>(::dlsym(handle, "planwright_module"));
  if (!loaded->module_)
    return Error{ErrorKind::Failed, "it does not export planwright_module", {}, {}};
  return loaded;
}

const pw_stage& TrialModule::life(const std::string& stage) const {
  const void* table = module_->get_interface(stage.c_str());
  if (stage == PW_PLANNER) return *static_cast<const pw_planner*>(table)->stage;
  if (stage == PW_BUILDER) return *static_cast<const pw_builder*>(table)->stage;
  return *static_cast<const pw_source*>(table)->stage;
}

End TrialModule::work(FakeHost& host, const std::string& stage, const CheckSample& sample) const {
  const void* table = module_->get_interface(stage.c_str());
  if (stage == PW_PLANNER)
    return host.plan(*static_cast<const pw_planner*>(table),
                     {.name = sample.name, .content = sample.content}, subject_.settings);
  if (stage == PW_SOURCE)
    return host.poll(*static_cast<const pw_source*>(table), {}, subject_.settings);
  const fs::path workdir = freshFile(subject_.scratch, ".work");
  fs::create_directory(workdir);
  const auto trial = TrialJob::prepare(sample.content, {}, workdir, {});
  if (!trial) return {PW_REJECT, trial.error().message};
  return host.build(*static_cast<const pw_builder*>(table),
                    {.specJson = trial->job.specJson, .workdir = workdir.string()},
                    subject_.settings);
}

bool TrialModule::unload() {
  if (PW_HAS(module_, close)) module_->close();
  module_ = nullptr;
  ::dlclose(handle_);
  handle_ = nullptr;
  return ::dlopen(file_.c_str(), RTLD_NOW | RTLD_NOLOAD) == nullptr;
}

std::vector<std::string> workingStages(const CheckSubject& subject) {
  std::vector<std::string> stages;
  for (const auto& stage : subject.manifest.stages)
    if (stage == PW_PLANNER || stage == PW_BUILDER || stage == PW_SOURCE) stages.push_back(stage);
  return stages;
}

std::vector<CheckSample> samplesFor(const CheckSubject& subject, const std::string& stage) {
  const bool areJobs = !subject.manifest.provides(PW_PLANNER);
  if (stage == PW_SOURCE || (stage == PW_BUILDER) != areJobs) return {};
  return subject.samples;
}

CheckSample plainSample(const CheckSubject& subject, const std::string& stage) {
  if (const auto samples = samplesFor(subject, stage); !samples.empty()) return samples.front();
  if (stage == PW_BUILDER) return {"job", R"({"id":"job","spec":{}})"};
  return {"input.txt", "one\ntwo\n"};
}

std::string freshResult(const CheckSubject& subject, const std::string& stage,
                        const std::vector<CheckSample>& samples) {
  const auto module = TrialModule::load(subject);
  if (!module) return module.error().message;
  (*module)->open();
  std::string result;
  for (const auto& sample : samples) {
    FakeHost host;
    result = std::to_string((*module)->work(host, stage, sample).status);
    for (const auto& plan : host.emitted("plan")) result += plan;
  }
  return result;
}

CheckOutcome forEachStage(const CheckSubject& subject, const StageCheck& check) {
  if (!subject.settingsProblem.empty()) return CheckOutcome::skipped(subject.settingsProblem);
  auto module = TrialModule::load(subject);
  if (!module) return CheckOutcome::failed(module.error().message);
  if (const End opened = (*module)->open(); !opened.ok())
    return CheckOutcome::failed("open() failed: " + opened.message);
  CheckOutcome outcome = CheckOutcome::skipped("It has no stage that this can be tried with.");
  for (const auto& stage : workingStages(subject)) {
    outcome = check(**module, stage);
    if (outcome.verdict == CheckOutcome::Verdict::Failed) return outcome;
  }
  return outcome;
}

CheckOutcome wrong(const std::string& stage, const std::string& what) {
  const auto dot = stage.find('.') + 1;
  return CheckOutcome::failed(
      fmt::format("{}: {}", stage.substr(dot, stage.find('/') - dot), what));
}

}  // namespace planwright

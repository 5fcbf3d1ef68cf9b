#include "trial/work_trial.h"

#include <optional>

#include <fmt/format.h>

#include "planwright/plugin.h"

#include "base/json.h"
#include "base/scratch_folder.h"
#include "stages/exec_service.h"
#include "stages/stage_call.h"
#include "trial/lone_plugin.h"
#include "trial/plan_trial.h"
#include "trial/trial_job.h"
#include "trial/trial_module.h"
#include "trial/trial_programs.h"
#include "trial/trial_services.h"

namespace planwright {
namespace {

using pw::testing::End;
using pw::testing::FakeHost;

TrialServices quietServices() {
  return TrialServices([](std::string_view, int, std::string_view) {});
}

/// Programs for a fake host, as far as the samples of the author need them.
class HostPrograms {
 public:
  explicit HostPrograms(const ExecGrant& granted) : granted_(granted) {}

  std::string run(std::string_view spec) {
    StageCall call(services_);
    const auto result = runProgram(spec, call, programs_, folders_, granted_);
    if (result) return *result;
    JsonWriter json;
    json.object().member("outcome", "refused").member("error", result.error().message);
    return json.end().take();
  }

 private:
  const ExecGrant& granted_;
  TrialPrograms programs_;
  TrialServices services_ = quietServices();
  PrivateFolders folders_{{}};
};

class ModuleTrial final : public WorkTrial {
 public:
  ModuleTrial(const CheckSubject& subject, const TrialModule& module, std::string stage)
      : subject_(subject),
        module_(module),
        stage_(std::move(stage)) {}

  using WorkTrial::work;
  WorkEnd work(const CheckSample& sample, Wish wish) override {
    std::optional<HostPrograms> programs;
    FakeHost host;
    if (wish.runsPrograms)
      host.exec = [&own = programs.emplace(subject_.manifest.exec)](std::string_view spec) {
        return own.run(spec);
      };
    if (wish.isStopped) host.cancelAt = 1;
    const End end = module_.work(host, stage_, sample);
    return {end.ok(), end.status == PW_BUG, false, said(end), host.emitted("plan")};
  }

  std::string freshResult(const CheckSample& sample) override {
    return planwright::freshResult(subject_, stage_, {sample});
  }

 private:
  static std::string said(const End& end) {
    if (end.ok()) return {};
    if (end.status == PW_BUG) return "a bug: " + end.message;
    return fmt::format("status {}{}{}", end.status, end.message.empty() ? "" : ": ", end.message);
  }

  const CheckSubject& subject_;
  const TrialModule& module_;
  const std::string stage_;
};

class ProgramTrial final : public WorkTrial {
 public:
  ProgramTrial(const CheckSubject& subject, std::string stage)
      : subject_(subject),
        stage_(std::move(stage)),
        plugin_(LonePlugin::load(subject.file, programs_, subject.scratch)),
        error_(plugin_ ? std::string() : plugin_.error().message) {
    if (!plugin_) return;
    const Plugins& plugins = (*plugin_)->plugins();
    const std::string id = (*plugin_)->info().id;
    const StageRoom room{StageRoom::Isolation::Process};
    auto made = plugins.stage(stage_, id, "check", subject.settings, room);
    if (made)
      instance_ = std::move(*made);
    else
      error_ = made.error().message;
  }

  /// Why no instance could be made, or "".
  const std::string& error() const { return error_; }

  using WorkTrial::work;
  WorkEnd work(const CheckSample& sample, Wish wish) override {
    if (!error_.empty()) return {false, false, false, error_, {}};
    StageCall call(services_);
    if (wish.isStopped) call.stop(StopReason::User);
    if (stage_ == PW_PLANNER)
      return endOf(instance_->plan(inputOf(sample.name, sample.content, services_), call));
    if (stage_ == PW_SOURCE) return endOf(instance_->poll({}, call));
    const ScratchFolder workdir = ScratchFolder::below({});
    const auto job = TrialJob::prepare(sample.content, {}, workdir.path(), {});
    if (!job) return {false, false, false, job.error().message, {}};
    return endOf(instance_->build(job->job, call));
  }

  std::string freshResult(const CheckSample& sample) override {
    ProgramTrial fresh(subject_, stage_);
    const WorkEnd end = fresh.work(sample);
    return end.plans.empty() ? std::string() : end.plans.front();
  }

 private:
  static WorkEnd endOf(const StageOutcome& outcome) {
    WorkEnd end;
    end.isOk = !outcome.failure;
    end.isDeath = outcome.isDeath;
    if (end.isOk) end.plans.push_back(outcome.text);
    if (end.isOk) return end;
    const bool isBug = outcome.failure->kind == FailureClass::Bug;
    end.isBug = isBug || outcome.isDeath;
    end.said = fmt::format("{}: {}", isBug ? "a bug" : toText(outcome.failure->kind),
                           outcome.failure->message);
    return end;
  }

  const CheckSubject& subject_;
  const std::string stage_;
  TrialPrograms programs_;
  TrialServices services_ = quietServices();
  Result<std::unique_ptr<LonePlugin>> plugin_;
  std::string error_;
  std::unique_ptr<StageInstance> instance_;
};

CheckOutcome forEachOfProgram(const CheckSubject& subject, const WorkCheck& check) {
  if (!subject.settingsProblem.empty()) return CheckOutcome::skipped(subject.settingsProblem);
  const bool isDeclared = subject.manifest.json != "{}";
  std::string refused;
  bool isAny = false;
  for (const auto& stage : workingStages(subject)) {
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

}  // namespace

CheckOutcome forEachTrial(const CheckSubject& subject, const WorkCheck& check) {
  if (subject.isProgram) return forEachOfProgram(subject, check);
  return forEachStage(subject, [&](const TrialModule& module, const std::string& stage) {
    ModuleTrial trial(subject, module, stage);
    return check(trial, stage);
  });
}

}  // namespace planwright

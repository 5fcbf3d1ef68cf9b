#pragma once

#include <functional>
#include <memory>
#include <string>

#include "planwright/plugin.h"
#include "planwright/testing.hpp"

#include "base/result.h"
#include "trial/check.h"

namespace planwright {

/// A fresh copy of the plugin in this process with nothing of the host around it: the checks call
/// its tables themselves. Never closed by itself, since the process ends with the check. One
/// thread.
class TrialModule {
 public:
  /// Failed: the loader's own words.
  static Result<std::unique_ptr<TrialModule>> load(const CheckSubject& subject);

  const pw_module& module() const { return *module_; }
  /// The module's open(). A copy that works was opened once.
  pw::testing::End open() { return host_.open(*module_); }
  /// One life of the stage with work on `sample`, which a builder takes as a job, a source not.
  pw::testing::End work(pw::testing::FakeHost& host, const std::string& stage,
                        const CheckSample& sample) const;
  /// Its life functions.
  const pw_stage& life(const std::string& stage) const;
  /// Closes it and unloads it. False: it is still there.
  bool unload();

 private:
  TrialModule(const CheckSubject& subject, void* handle, std::string file)
      : subject_(subject),
        handle_(handle),
        file_(std::move(file)) {}

  const CheckSubject& subject_;
  void* handle_;
  const std::string file_;
  pw::testing::FakeHost host_;  // of open()
  const pw_module* module_ = nullptr;
};

/// The ids of the stages that checks can work with: all but remote builders.
std::vector<std::string> workingStages(const CheckSubject& subject);

/// The samples that are for this stage: jobs for a builder, if there is no planner.
std::vector<CheckSample> samplesFor(const CheckSubject& subject, const std::string& stage);
/// The first of them, or a few lines, or a job without a spec.
CheckSample plainSample(const CheckSubject& subject, const std::string& stage);

/// What a fresh copy makes of the last of these samples, in text: its status and its plans.
std::string freshResult(const CheckSubject& subject, const std::string& stage,
                        const std::vector<CheckSample>& samples);

/// Loads the plugin and runs `check` for each of its stages until one does not pass. What keeps
/// instances from being made is a reason to leave the check out.
using StageCheck = std::function<CheckOutcome(const TrialModule& module, const std::string& stage)>;
CheckOutcome forEachStage(const CheckSubject& subject, const StageCheck& check);

/// "planner: what": which stage it was, and what the plugin said.
CheckOutcome wrong(const std::string& stage, const std::string& what);

}  // namespace planwright

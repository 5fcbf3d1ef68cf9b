#pragma once

#include <memory>
#include <mutex>

#include "base/program.h"
#include "base/scratch_folder.h"

namespace planwright {

/// The programs of a trial: a keeper and a sandbox as a host has them, made when the first program
/// is run, since most stages run none. Owned by whoever tries the plugin. [any thread]
class TrialPrograms final : public Programs {
 public:
  TrialPrograms();
  ~TrialPrograms() override;
  TrialPrograms(const TrialPrograms&) = delete;
  TrialPrograms& operator=(const TrialPrograms&) = delete;

  ProgramExit run(const ProgramSpec& spec, const std::stop_token& stop) override;

 private:
  struct Means;
  std::once_flag made_;
  std::unique_ptr<Means> means_;
};

}  // namespace planwright

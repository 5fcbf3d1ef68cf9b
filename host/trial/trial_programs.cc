#include "trial/trial_programs.h"

#include "programs/keeper.h"
#include "programs/sandbox.h"

namespace planwright {

struct TrialPrograms::Means {
  Means() {  // users of programs pass through
    std::filesystem::permissions(folder.path(), static_cast<std::filesystem::perms>(0711));
  }
  ScratchFolder folder = ScratchFolder::below({});
  Keeper keeper;
  Sandbox sandbox{SandboxOptions{folder.path()}, keeper};
};

TrialPrograms::TrialPrograms() = default;
TrialPrograms::~TrialPrograms() = default;

ProgramExit TrialPrograms::run(const ProgramSpec& spec, const std::stop_token& stop) {
  std::call_once(made_, [this] { means_ = std::make_unique<Means>(); });
  return means_->sandbox.run(spec, stop);
}

}  // namespace planwright

#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/failure.h"
#include "base/result.h"
#include "trial/lone_plugin.h"
#include "trial/trial_programs.h"
#include "trial/trial_services.h"

namespace planwright {

/// A planner that is not installed yet, beside plans that another version made: what would it plan
/// for the same inputs? Nothing is stored. One thread.
class PlanReplay {
 public:
  /// Errors as LonePlugin::load and Plugins::planner. `settings`: KEY=VALUE.
  static Result<std::unique_ptr<PlanReplay>> open(const std::filesystem::path& file,
                                                  const std::vector<std::string>& settings);

  /// May it be compared with this stored document? Not if another plugin made it.
  bool isOurs(std::string_view document) const;

  struct Answer {
    std::optional<Failure> failure;  ///< it refuses the input, or its plan is none
    bool isSame = false;
    std::string diffJson;  ///< PlanDiff::json(), empty after a failure
  };
  /// Plans `content` and compares with the stored document.
  Answer compare(const std::string& name, const std::string& content, std::string_view document);

 private:
  PlanReplay() = default;

  TrialPrograms programs_;
  TrialServices services_{[](std::string_view, int, std::string_view) {}};
  std::unique_ptr<LonePlugin> plugin_;
  std::unique_ptr<StageInstance> planner_;  // destroyed before its plugin
};

}  // namespace planwright

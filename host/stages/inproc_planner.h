#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "stages/inproc_instance.h"
#include "stages/stage.h"

namespace planwright {

/// A planner of a plugin loaded into this process. Beyond the plugin's own work a call costs about
/// one microsecond: the record is reused and the plan is copied once.
class InprocPlanner final : public Planner {
 public:
  /// `table` is of `library` and outlives this with it. Errors as in Plugins::planner.
  static Result<std::unique_ptr<Planner>> create(std::shared_ptr<Library> library,
                                                 const pw_planner* table, const std::string& queue,
                                                 std::string_view settingsJson);
  StageOutcome plan(const StageInput& input, StageCall& call) override;

 private:
  InprocPlanner(std::unique_ptr<InprocInstance> instance, const pw_planner* table)
      : instance_(std::move(instance)),
        table_(table) {}

  const std::unique_ptr<InprocInstance> instance_;
  const pw_planner* const table_;
};

}  // namespace planwright

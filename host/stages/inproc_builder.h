#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "stages/inproc_instance.h"
#include "stages/stage.h"

namespace planwright {

/// A builder of a plugin loaded into this process.
class InprocBuilder final : public Builder {
 public:
  /// `table` is of `library` and outlives this with it. Errors as in Plugins::planner.
  static Result<std::unique_ptr<Builder>> create(std::shared_ptr<Library> library,
                                                 const pw_builder* table, const std::string& queue,
                                                 std::string_view settingsJson);
  StageOutcome build(const StageJob& job, StageCall& call) override;

 private:
  InprocBuilder(std::unique_ptr<InprocInstance> instance, const pw_builder* table)
      : instance_(std::move(instance)),
        table_(table) {}

  const std::unique_ptr<InprocInstance> instance_;
  const pw_builder* const table_;
};

}  // namespace planwright

#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "stages/inproc_instance.h"
#include "stages/stage.h"

namespace planwright {

/// A builder in front of another engine, of a plugin loaded into this process.
class InprocRemoteBuilder final : public RemoteBuilder {
 public:
  /// `table` is of `library` and outlives this with it. Errors as in Plugins::planner.
  static Result<std::unique_ptr<RemoteBuilder>> create(std::shared_ptr<Library> library,
                                                       const pw_remote_builder* table,
                                                       const std::string& queue,
                                                       std::string_view settingsJson);
  StageOutcome submit(const StageJob& job, StageCall& call) override;
  RemoteLook observe(std::string_view handlesJson, StageCall& call) override;
  StageOutcome withdraw(std::string_view handle, StageCall& call) override;

 private:
  InprocRemoteBuilder(std::unique_ptr<InprocInstance> instance, const pw_remote_builder* table)
      : instance_(std::move(instance)),
        table_(table) {}

  const std::unique_ptr<InprocInstance> instance_;
  const pw_remote_builder* const table_;
};

}  // namespace planwright

#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "stages/inproc_instance.h"
#include "stages/stage.h"

namespace planwright {

/// A source of a plugin loaded into this process.
class InprocSource final : public Source {
 public:
  /// `table` is of `library` and outlives this with it. Errors as in Plugins::planner.
  static Result<std::unique_ptr<Source>> create(std::shared_ptr<Library> library,
                                                const pw_source* table, const std::string& queue,
                                                std::string_view settingsJson);
  SourcePoll poll(std::string_view cursor, StageCall& call) override;
  int fd() override;

 private:
  InprocSource(std::unique_ptr<InprocInstance> instance, const pw_source* table)
      : instance_(std::move(instance)),
        table_(table) {}

  const std::unique_ptr<InprocInstance> instance_;
  const pw_source* const table_;
};

}  // namespace planwright

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/result.h"
#include "stages/frames.h"
#include "stages/stage.h"

namespace planwright {

/// What a process has said of the result of one call: perhaps parts, then Done. One thread.
class CallAnswer {
 public:
  CallAnswer(Verb verb, std::uint32_t number) : verb_(verb), number_(number) {}

  /// Invalid: the part is of another call, or they are too large together; the process is of no use
  /// then.
  Result<void> add(const Frame& part);
  /// All of it. Errors as outcomeFrom(), also of a part.
  Result<StageOutcome> take(Frame done);

 private:
  const Verb verb_;
  const std::uint32_t number_;
  StageOutcome parts_;
  std::size_t bytes_ = 0;
  std::optional<Error> wrong_;  ///< of the first part that is wrong
};

}  // namespace planwright

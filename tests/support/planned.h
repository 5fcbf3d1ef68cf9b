#pragma once

#include <string>

#include <gtest/gtest.h>

#include "model/plan_document.h"
#include "store/inputs.h"

namespace planwright {

/// Claims a queued input of the queue `default` and plans it as `document`, as the plan stage
/// would. Gives the plan's id.
inline std::int64_t planInput(Connection& connection, InstanceId instance, std::int64_t input,
                              const std::string& document) {
  Inputs inputs(connection);
  const auto claimed = inputs.claim({input}, instance, "default");
  const auto sealed = sealPlan(document, "sha256:x", "test 1");
  EXPECT_TRUE(sealed) << sealed.error().message;
  PlannedInput planned{InputId{input}, claimed.at(0).fence, {}};
  planned.plan = {sealed->document,
                  sealed->digest,
                  sealed->summaryJson,
                  sealed->jobCount,
                  "test 1",
                  "",
                  "",
                  false};
  return number(inputs.finishPlanned({planned}, "default").at(0).plan);
}

}  // namespace planwright

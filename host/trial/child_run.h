#pragma once

#include <chrono>
#include <functional>

#include "trial/check.h"

namespace planwright {

/// Runs `check` in a forked child with a process group of its own and tells how it went; the death
/// or silence of the child is a failed check. What the child leaves behind is killed. The caller
/// has one thread only.
CheckOutcome runInChild(const std::function<CheckOutcome()>& check,
                        std::chrono::milliseconds timeout);

}  // namespace planwright

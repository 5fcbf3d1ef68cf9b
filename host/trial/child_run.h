#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "trial/check.h"

namespace planwright {

/// How a child ended, and what it said before.
struct ChildEnd {
  bool isLate = false;  ///< it was killed when its time was up
  int signal = 0;       ///< that it died of, or 0
  int exitCode = 0;
  std::string said;  ///< empty if it ended on its own account
};

/// Runs `work` in a forked child with a process group of its own; what it gives is what the child
/// says. What the child prints goes to stderr, and what it leaves behind is killed. The caller has
/// one thread only.
ChildEnd runChild(const std::function<std::string()>& work, std::chrono::milliseconds timeout);

/// Runs `check` in a child and reports the result. A child that dies or does not answer is a failed
/// check.
CheckOutcome runInChild(const std::function<CheckOutcome()>& check,
                        std::chrono::milliseconds timeout);

}  // namespace planwright

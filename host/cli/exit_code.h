#pragma once

#include "base/result.h"

namespace planwright::cli {

/// What the shell sees; the table is in README.md.
enum class ExitCode : int {
  Done = 0,
  WorkFailed = 1,
  Usage = 2,
  NotFound = 3,
  NotAllowed = 4,
  Conflict = 5,
  Unreachable = 6,
  TimedOut = 7,
  PartlyDone = 8,
  Unhealthy = 9,
  Interrupted = 130,
};

/// The only place where an HTTP status becomes an exit code. 2xx and 3xx are Done.
ExitCode exitCodeOf(int httpStatus);

/// The only place where an ErrorKind becomes an exit code.
ExitCode exitCodeOf(ErrorKind kind);

}  // namespace planwright::cli

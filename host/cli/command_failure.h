#pragma once

#include <stdexcept>
#include <string>

#include "cli/exit_code.h"

namespace planwright::cli {

/// Ends a command: what went wrong, the exit code, and the command to type next. Caught in cli::run
/// only.
class CommandFailure : public std::runtime_error {
 public:
  /// `next`: a command such as "planwright plans list", or empty.
  CommandFailure(ExitCode code, const std::string& message, std::string next = {})
      : std::runtime_error(message),
        code_(code),
        next_(std::move(next)) {}

  ExitCode code() const { return code_; }
  const std::string& next() const { return next_; }

 private:
  ExitCode code_;
  std::string next_;
};

}  // namespace planwright::cli

#pragma once

#include <string>

namespace wheels {

/// Why pip ended with an error, in one sentence.
struct PipError {
  enum class Kind {
    Refused,  ///< the requirements are wrong or cannot be met: nothing changes that but an edit
    Network,  ///< the index or a repository could not be reached
    Setup,    ///< this Python has no pip, or one that is too old
  };
  Kind kind = Kind::Refused;
  std::string message;
};

/// `out` and `err`: what pip printed (pip 22.2 to 24 were looked at).
PipError explainPipError(const std::string& out, const std::string& err);

}  // namespace wheels

#pragma once

#include "base/program.h"

namespace planwright {

/// Where a stage runs. Auto: in this process if the plugin came with the program and does not
/// prefer otherwise, else in one of its own, as far as its manifest lets it.
struct StageRoom {
  enum class Isolation { Inproc, Process, Auto };
  Isolation isolation = Isolation::Inproc;
  ProgramLimits limits = {};  ///< of its process, if it has one; processor time is that of a call
  /// Its process sees the system read-only and nothing else, as a user of its own; the network only
  /// if its manifest asks for it as well.
  bool isStrict = false, hasNetwork = false;
};

}  // namespace planwright

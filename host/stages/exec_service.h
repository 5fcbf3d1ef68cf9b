#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/program.h"
#include "base/result.h"
#include "stages/manifest.h"
#include "stages/private_folders.h"
#include "stages/stage_call.h"

namespace planwright {

/// For whom a program is run.
struct ExecAsker {
  ExecGrant granted = {};
  /// Code of others, in a process with fewer rights than the host: a program must not give it more.
  bool isStranger = false;
  std::uint32_t user = 0;  ///< that the process runs as; 0 = as the host
  /// What that process has: its programs have no less of the one, and no more of the other.
  SandboxWish::Mode sandbox = SandboxWish::Mode::None;
  Network network = Network::Host;
  std::string workdir = {};  ///< of the job that the call is about, or empty
};

/// Runs one program for a call, as planwright.exec/1 in planwright/plugin.h describes: `specJson`
/// in, the result's JSON out. Blocks until its process group is gone; ends early when the call is
/// stopped.
///
/// A failing program is a result. Errors are: Invalid, the spec is wrong; Forbidden, `granted` does
/// not name the program; what openBlob says of a missing file; Unavailable, the program was lost by
/// no fault of its own. A full disk throws.
Result<std::string> runProgram(std::string_view specJson, StageCall& call, Programs& programs,
                               PrivateFolders& folders, const ExecGrant& granted);
/// The same for code elsewhere, and `stop` ends it instead of the call's stop.
Result<std::string> runProgram(std::string_view specJson, StageCall& call, Programs& programs,
                               PrivateFolders& folders, const ExecAsker& asker,
                               const std::stop_token& stop);

/// Which limit a run broke, as a sentence; empty if none is known.
std::string limitSentence(ProgramLimit limit, const ProgramLimits& limits);

}  // namespace planwright

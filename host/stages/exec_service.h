#pragma once

#include <string>
#include <string_view>

#include "base/program.h"
#include "base/result.h"
#include "stages/manifest.h"
#include "stages/private_folders.h"
#include "stages/stage_call.h"

namespace planwright {

/// Runs one program for a call, as planwright.exec/1 in planwright/plugin.h describes: `specJson`
/// in, the result's JSON out. Blocks until its process group is gone; ends early when the call is
/// stopped.
///
/// A failing program is a result. Errors are: Invalid, the spec is wrong; Forbidden, `granted` does
/// not name the program; what openBlob says of a missing file; Unavailable, the program was lost by
/// no fault of its own. A full disk throws.
Result<std::string> runProgram(std::string_view specJson, StageCall& call, Programs& programs,
                               PrivateFolders& folders, const ExecGrant& granted);
/// The same, but `stop` ends it instead of the call's stop.
Result<std::string> runProgram(std::string_view specJson, StageCall& call, Programs& programs,
                               PrivateFolders& folders, const ExecGrant& granted,
                               const std::stop_token& stop);

/// Which limit a run broke, as a sentence; empty if none is known.
std::string limitSentence(ProgramLimit limit, const ProgramLimits& limits);

}  // namespace planwright

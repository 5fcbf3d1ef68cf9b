#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "stages/frames.h"
#include "stages/stage.h"

namespace planwright {

// The meta of frames: what a call carries there and back. Members that are missing have their
// defaults, as from a newer or a smaller peer; Invalid only if the text is not JSON.

Result<JsonDocument> metaOf(const Frame& frame);  ///< none is {}

std::string toMeta(const StageInput& input);
std::string toMeta(const StageJob& job);
/// The document goes as data. `isTired`: the worker would like to be replaced.
std::string toMeta(const StageOutcome& outcome, bool isTired = false);
std::string toMeta(const SourcePoll& poll, bool isTired);  ///< the cursor goes as data
std::string toMeta(const RemoteLook& look, bool isTired);
std::string toMeta(const Error& error);  ///< {"error": {"kind", "message"}}

Result<StageInput> inputFrom(Frame frame);
Result<StageJob> jobFrom(const Frame& frame);
Result<StageOutcome> outcomeFrom(Frame frame);
/// Invalid also if the attributes of an item are no JSON object, or the cursor is no text: nobody
/// but a program sends such, and the host could not store it.
Result<SourcePoll> pollFrom(Frame frame);
Result<RemoteLook> lookFrom(const Frame& frame);
/// The error of a Reply or Refused, if it has one.
std::optional<Error> errorFrom(const Frame& frame);

}  // namespace planwright

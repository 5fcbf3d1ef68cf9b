#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "stages/frames.h"
#include "stages/stage.h"

namespace planwright {

// The meta of frames: what a call carries there and back. Members that are missing have their
// defaults, as from a newer or a smaller peer; Invalid only if the text is not JSON.

Result<JsonDocument> metaOf(const Frame& frame);  ///< none is {}

FrameKind kindOf(Verb verb);
std::optional<Verb> verbOf(FrameKind kind);  ///< none: it is no call
std::string toMeta(const StageRequest& request);
/// Of an input its content, and otherwise the text of the request.
std::string_view dataOf(const StageRequest& request);
/// Takes the lists out of an outcome that one frame may not hold, as metas of Part frames that go
/// before Done. None if all of it fits.
std::vector<std::string> takeParts(StageOutcome& outcome);
/// The text goes as data. `isTired`: the worker would like to be replaced.
std::string toMeta(const StageOutcome& outcome, bool isTired = false);
std::string toMeta(const Error& error);  ///< {"error": {"kind", "message"}}

Result<StageInput> inputFrom(Frame frame);
Result<StageJob> jobFrom(const Frame& frame);
/// Of a Done that answers `verb`. Invalid also if the attributes of an item are no JSON object, or
/// the cursor is no text: nobody but a program sends such, and the host could not store it.
Result<StageOutcome> outcomeFrom(Verb verb, Frame frame);
/// Adds what a Part brings. Invalid as outcomeFrom().
Result<void> addPart(Verb verb, const Frame& frame, StageOutcome& outcome);
/// The error of a Reply or Refused, if it has one.
std::optional<Error> errorFrom(const Frame& frame);

}  // namespace planwright

#pragma once

#include <string_view>

namespace planwright {

/// Frames the bytes whole and in pieces and aborts if the two differ or a limit was passed; the
/// first byte chooses the size of the pieces. What every framing input must survive: used by the
/// fuzz target and by the unit test that replays its corpus.
void exerciseFramer(std::string_view input);

}  // namespace planwright

#pragma once

#include <string_view>

#include "base/result.h"

namespace planwright {

/// Ok if RapidJSON 1.1's own engine reads the `pattern` of a schema as everybody would. What it
/// does not know it ignores, so that everything matches; other patterns make it search for ever or
/// overflow its stack. The message says which part and what to write instead.
Result<void> checkPattern(std::string_view pattern);

}  // namespace planwright

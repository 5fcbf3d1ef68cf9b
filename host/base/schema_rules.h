#pragma once

#include "base/json.h"

namespace planwright {

/// Ok if RapidJSON 1.1 enforces all that the schema says. It ignores keywords it does not know and
/// values of the wrong type, so that the schema would accept everything, and crashes on references
/// that go in circles. The error points into the schema.
Result<void> checkSchema(const JsonValue& schema);

}  // namespace planwright

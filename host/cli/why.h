#pragma once

#include <cstdint>

#include "cli/listings.h"

namespace planwright::cli {

/// Prints what keeps one item from being taken, in order, or that nothing does.
ExitCode printWhy(Session& session, const Listing& of, std::int64_t id);

}  // namespace planwright::cli

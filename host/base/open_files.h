#pragma once

#include <cstdint>

namespace planwright {

/// The host raises its own soft limit of open files to the hard one: every connection, log and blob
/// is one. What it starts gets the old one back, since programs that use select() break above 1024.

/// Once, before the first thread.
void raiseOpenFileLimit();
/// The soft limit before it was raised; the one of now if it never was. [any thread]
std::uint64_t openFileLimitOfPrograms();

}  // namespace planwright

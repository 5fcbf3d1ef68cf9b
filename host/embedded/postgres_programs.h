#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace planwright {

/// Runs pg_dump or pg_restore of the server's version, or the next newer one that is installed, on
/// the database of a URL, and waits for its end. A password in the URL goes by environment, where
/// other users cannot read it. NotFound: none is installed. Failed: the end of what it printed.
/// [any thread]
Result<void> runPostgresProgram(const std::string& program, int serverMajor, const std::string& url,
                                const std::vector<std::string>& arguments);

}  // namespace planwright

#pragma once

#include <iosfwd>
#include <string>

#include "config/config.h"

namespace planwright {

/// What `planwright prune` and `planwright gc` do, beside a running host or without one. Each
/// prints one line per thing and gives the exit code. Throws what Installation throws.
struct PruneOptions {
  std::string queue;  ///< empty = all
  bool isDryRun = false;
};
int prune(const Config& config, const PruneOptions& options, std::ostream& out, std::ostream& err);

struct CollectOptions {
  bool isDryRun = false;
  std::string explain;  ///< a digest: say who reaches it, delete nothing
};
int collect(const Config& config, const CollectOptions& options, std::ostream& out,
            std::ostream& err);

}  // namespace planwright

#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "cli/session.h"

namespace planwright::cli {

/// Does `one` for every id. Part of them failing is PartlyDone, all of them the first one's reason.
ExitCode forEach(Session& session, const std::vector<std::int64_t>& ids,
                 const std::function<void(std::int64_t)>& one);

}  // namespace planwright::cli

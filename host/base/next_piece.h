#pragma once

#include <functional>
#include <optional>
#include <string>

namespace planwright {

/// Gives bytes front to back, some hundred KiB each time; nothing at the end. When it throws there
/// is nothing more to be had. May wait for a disk. One thread at a time.
using NextPiece = std::function<std::optional<std::string>()>;

}  // namespace planwright

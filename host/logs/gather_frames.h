#pragma once

#include <filesystem>
#include <stop_token>

namespace planwright {

/// Rewrites a finished log into frames of kFrameText, which pack better; bytes, lines and times
/// stay what they are. Who reads meanwhile goes on with the old file. Leaves it alone when stopped.
/// A crash leaves FILE.part, which the collector deletes.
void gatherFrames(const std::filesystem::path& file, const std::stop_token& stop);

}  // namespace planwright

#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"
#include "config/listen_config.h"
#include "config/section_reader.h"

namespace planwright {

/// `KEY: HOST:PORT`, `KEY: unix:PATH` or `KEY: {unix: PATH, mode: 0660, group: NAME}`. Relative
/// paths are below `folder`. `fallback` without the key.
ListenConfig readListen(SectionReader& top, std::string_view key,
                        const std::filesystem::path& folder, const ListenConfig& fallback,
                        ConfigProblems& problems);

/// HOST:PORT as it is, unix:PATH with a path below `folder`. Invalid: neither of them.
Result<std::string> listenAddress(const std::string& text, const std::filesystem::path& folder);

}  // namespace planwright

#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/program.h"
#include "config/stage_config.h"
#include "intake/input_recorder.h"
#include "stages/stage_call.h"

namespace planwright {

/// What the configuration says of one source of a queue.
struct IntakeSettings {
  std::string queue = "default";
  std::string source = "folder";             ///< its name in the queue, for known() and the cursor
  std::string plugin = "planwright.folder";  ///< whose metrics and events they are
  std::string pattern = "*";                 ///< glob; without a slash it matches the base name
  std::vector<std::string> ignored = {};     ///< patterns of names that are skipped without a word
  std::vector<std::string> planned = {};  ///< patterns of names that a planner takes; empty = all
  std::chrono::milliseconds stableFor{1000};  ///< 0 = a look is enough (rename-into-place only)
  OverwritePolicy onOverwrite = OverwritePolicy::Every;
  std::int64_t maxBytes = std::int64_t{1} << 30;
  /// What the source may ask for, read at each poll.
  std::map<std::string, SecretSource> secrets = {};
  /// Files are taken from folders that are below one of these when they are opened, wherever links
  /// lead by then; empty = from any.
  std::vector<std::filesystem::path> roots = {};
  std::filesystem::path folder = {};  ///< for what the source wants to keep; empty = none
  CallLimits limits = {};             ///< of a poll
  ProgramRoom programs = {};          ///< that the source starts
};

}  // namespace planwright

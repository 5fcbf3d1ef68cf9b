#pragma once

#include <CLI/CLI.hpp>

#include "cli/session.h"

namespace planwright::cli {

// The commands of `planwright plugin` for authors, a file each.
void addPluginCheckCommand(CLI::App& group, Session& session);
void addPluginNewCommand(CLI::App& group, Session& session);
void addPluginReplayCommand(CLI::App& group, Session& session);

}  // namespace planwright::cli

#pragma once

#include <filesystem>
#include <string>

#include <spdlog/spdlog.h>

namespace planwright::log {

// Text lines, verb first, ids as key=value: log::info("planned plan={} input={} took={}", ...).
// error = a part stopped; warn = someone must act; info = one line per status change; debug = per
// step.
using spdlog::debug;
using spdlog::error;
using spdlog::info;
using spdlog::warn;

/// Logs to stderr from now on. False if `level` is not one of trace debug info warning error off
/// (spdlog itself would silently take an unknown name as "off").
bool configure(const std::string& level);

/// The log of a host, which it keeps in its data folder as well, and what came before it.
std::filesystem::path fileOf(const std::filesystem::path& dataFolder);
std::filesystem::path olderFile(const std::filesystem::path& file);
/// From now on lines go to that file, too, up to a bound. Before other threads log. Throws
/// std::exception if it cannot be written.
void alsoTo(const std::filesystem::path& file);

}  // namespace planwright::log

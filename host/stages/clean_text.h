#pragma once

#include <string>
#include <string_view>

namespace planwright {

/// Of a failure, whoever tells it.
constexpr std::size_t kMessageLimitBytes = 4096;
constexpr std::size_t kDetailsLimitBytes = std::size_t{64} << 10;
/// Of a line that a plugin logs, and of the note of its progress.
constexpr std::size_t kLogLimitBytes = std::size_t{64} << 10;
constexpr std::size_t kNoteLimitBytes = 1024;

/// Text of a plugin or program made fit for rows and JSON by toUtf8, and bounded: at most
/// `limitBytes`, cut between characters.
std::string cleanText(std::string_view text, std::size_t limitBytes);
/// The same, but says so if something is missing. `wholeBytes`: what there was before the caller
/// itself cut; 0 = all of `text`.
std::string cutText(std::string_view text, std::size_t limitBytes, std::size_t wholeBytes = 0);
/// The same, but keeps the end: up to `limitBytes` of `text`, from the start of a line if there is
/// one, and without escape sequences: it becomes a reason that people read.
std::string cleanTail(std::string_view text, std::size_t limitBytes);

}  // namespace planwright

#pragma once

#include <chrono>
#include <string>

namespace source_folder {

/// "500ms", "2s", "10min", "1h" or "1d", in whole numbers, at least 10 ms and at most 30 days. Ends
/// the call with PW_CONFIG, naming `setting`, if it is anything else.
std::chrono::milliseconds parseDuration(const std::string& text, const char* setting);

}  // namespace source_folder

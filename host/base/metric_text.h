#pragma once

#include <string>
#include <string_view>

namespace planwright {

/// A label's value, and a number, as the text format writes them.
std::string escapedLabel(std::string_view text);
std::string metricNumber(double value);

}  // namespace planwright

#pragma once

#include <string>
#include <string_view>

namespace planwright {

/// Each byte as two lower-case digits.
std::string toHex(std::string_view bytes);

}  // namespace planwright

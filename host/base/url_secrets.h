#pragma once

#include <string_view>

#include "base/secret_mask.h"

namespace planwright {

/// Hides the passwords of a URL (SCHEME://USER:PASSWORD@HOST, ?password=…, ?sslpassword=…), as they
/// stand there and decoded, in what somebody says about it.
SecretMask maskOfUrl(std::string_view url);

}  // namespace planwright

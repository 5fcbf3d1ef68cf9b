#pragma once

#include <string_view>

namespace planwright {

/// "Name:8470" -> "Name", "[::1]:8470" -> "[::1]", without a trailing dot.
std::string_view withoutPort(std::string_view host);

/// localhost, 127.x.y.z and [::1], with or without a port: only this machine is reached so.
bool isLoopbackHost(std::string_view host);

}  // namespace planwright

#pragma once

#include <optional>
#include <string_view>

namespace planwright {

/// "Name:8470" -> "Name", "[::1]:8470" -> "[::1]", without a trailing dot.
std::string_view withoutPort(std::string_view host);

/// Before the path of a unix socket that somebody listens on.
inline constexpr std::string_view kUnixPrefix = "unix:";
/// "unix:/run/x.sock" -> "/run/x.sock"; nullopt: it is no such address.
std::optional<std::string_view> unixPathOf(std::string_view address);

/// localhost, 127.x.y.z and [::1], with or without a port: only this machine is reached so.
bool isLoopbackHost(std::string_view host);

}  // namespace planwright

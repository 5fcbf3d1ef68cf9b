#pragma once

#include <filesystem>
#include <string>

namespace planwright {

/// What keeps a user to whom nothing on the way belongs from reading the path, as the end of a
/// sentence with the remedy: "/root is closed to other users; run chmod o+x /root, or ...". Empty
/// if nothing does, or if there is no such path.
std::string whyClosedToOthers(const std::filesystem::path& path);

}  // namespace planwright

#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

namespace wheels {

/// What a requirements file may ask of pip besides names and versions of projects, and the words
/// for it in the setting `allow`. Each of them makes pip read, fetch or run something that somebody
/// who may drop a file can choose.
inline constexpr std::string_view kIncludes = "include";        ///< -r, --requirement
inline constexpr std::string_view kConstraints = "constraint";  ///< -c, --constraint
inline constexpr std::string_view kFindLinks = "find-links";    ///< -f, --find-links
inline constexpr std::string_view kIndexes = "index-url";  ///< -i, --index-url, --extra-index-url
inline constexpr std::string_view kTrustedHosts = "trusted-host";  ///< --trusted-host
inline constexpr std::string_view kEditables = "editable";         ///< -e, --editable
inline constexpr std::string_view kFiles = "file";                 ///< file: URLs and paths
inline constexpr std::string_view kRepositories = "vcs";           ///< git+, hg+, svn+, bzr+
inline constexpr std::string_view kVariables = "variable";         ///< ${NAME}

using AllowedRequests = std::set<std::string, std::less<>>;

/// Rejects a file of more than 1 MiB, before it is read.
void refuseLarge(std::string_view file, std::uint64_t bytes);

/// The text of a requirements file for pip, which then reads what was checked: comments are gone,
/// joined lines are one, and each line keeps its number, so that pip's messages fit the file.
/// Rejects the file, with the line, when it asks for something that is not `allowed` or is not in
/// ASCII outside of comments.
///
/// Source: pip's reference, "Requirements File Format"; pip/_internal/req/req_file.py of 22.2 to
/// 25.
std::string checkedRequirements(std::string_view file, std::string_view text,
                                const AllowedRequests& allowed);

/// Whether lines for pip name projects only, so that pip reads nothing for them but what its
/// options name: no other files, no addresses, no variables. A wrong "no" costs time only.
bool asksOnlyForProjects(std::string_view text);

}  // namespace wheels

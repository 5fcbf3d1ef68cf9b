#pragma once

#include <set>
#include <string>
#include <string_view>

namespace npm {

/// What an input may ask for besides packages of a registry by name and version, and the words for
/// it in the setting `allow`. What is neither of a registry nor named here is never taken:
/// repositories, files and folders that the lockfile only points to.
inline constexpr std::string_view kAliases = "alias";  ///< "npm:other@1": a package by another name
inline constexpr std::string_view kUrls = "http";      ///< tarballs by a URL that is no registry's
inline constexpr std::string_view kSettings = "npmrc";  ///< .npmrc: settings for npm

using AllowedRequests = std::set<std::string, std::less<>>;

/// Rejects a dependency that asks for more than a registry has. `place` is where it stands:
/// "package-lock.json, packages[\"\"].dependencies.odd".
void checkDependency(const std::string& place, std::string_view wanted,
                     const AllowedRequests& allowed);

/// Rejects what no registry has as the name or the version of a package: they become file names.
void checkName(const std::string& place, std::string_view name, std::string_view version);

/// "https://HOST/NAME/-/FILE.tgz", as registries have it.
bool isOfRegistry(std::string_view url);

/// `what` is a sentence's beginning: "it is named npm:other@1".
[[noreturn]] void refuseRequest(const std::string& place, const std::string& what,
                                std::string_view kind);

}  // namespace npm

#include "requests.h"

#include <algorithm>
#include <array>

#include "planwright/errors.hpp"

namespace npm {
namespace {

bool isOf(std::string_view text, std::string_view alphabet) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           alphabet.find(c) != std::string_view::npos;
  });
}

bool isNamePart(std::string_view part) {
  return isOf(part, "-._~") && part != "." && part != "..";
}

bool isPackageName(std::string_view name) {
  if (!name.starts_with('@')) return isNamePart(name);
  const auto slash = name.find('/');
  return slash != name.npos && isNamePart(name.substr(1, slash - 1)) &&
         isNamePart(name.substr(slash + 1));
}

bool startsWithAny(std::string_view text, const auto& starts) {
  return std::any_of(starts.begin(), starts.end(),
                     [&](std::string_view start) { return text.starts_with(start); });
}

// npm-package-arg has all the forms: https://docs.npmjs.com/cli/v10/configuring-npm/package-json
constexpr std::array<std::string_view, 7> kRepositories = {
    "git+", "git:", "git@", "github:", "gitlab:", "bitbucket:", "gist:"};
constexpr std::array<std::string_view, 6> kPaths = {"file:", "link:", "portal:", ".", "/", "~/"};

/// "user/repository", which means GitHub.
bool isShortRepository(std::string_view wanted) {
  return !wanted.starts_with('@') && wanted.find('/') != wanted.npos &&
         wanted.find(':') == wanted.npos;
}

}  // namespace

void refuseRequest(const std::string& place, const std::string& what, std::string_view kind) {
  pw::reject(place + ": " + what + ", which is not allowed here; " +
             (kind.empty() ? "take a package of a registry instead"
                           : "whoever configures the queue may write allow: [" + std::string(kind) +
                                 "] in the settings of planwright.npm"));
}

void checkDependency(const std::string& place, std::string_view wanted,
                     const AllowedRequests& allowed) {
  const std::string asks = "it asks for " + std::string(wanted.substr(0, 200));
  if (startsWithAny(wanted, kRepositories) || isShortRepository(wanted) ||
      wanted.starts_with("ssh:"))
    refuseRequest(place, asks + ", a repository", {});
  if (startsWithAny(wanted, kPaths)) refuseRequest(place, asks + ", a file or folder", {});
  if (wanted.starts_with("npm:") && !allowed.contains(kAliases))
    refuseRequest(place, asks + ", a package by another name", kAliases);
  if ((wanted.starts_with("http:") || wanted.starts_with("https:")) && !allowed.contains(kUrls))
    refuseRequest(place, asks + ", a URL", kUrls);
}

void checkName(const std::string& place, std::string_view name, std::string_view version) {
  if (!isPackageName(name))
    pw::reject(place + ": \"" + std::string(name.substr(0, 200)) + "\" is no name of a package");
  if (!isOf(version, "-.+"))
    pw::reject(place + ": \"" + std::string(version.substr(0, 200)) +
               "\" is no version of a package");
}

bool isOfRegistry(std::string_view url) {
  constexpr std::string_view kScheme = "https://";
  if (!url.starts_with(kScheme) || !url.ends_with(".tgz")) return false;
  const std::string_view rest = url.substr(kScheme.size());
  const std::string_view host = rest.substr(0, rest.find('/'));
  return host.find('@') == host.npos && rest.find("/-/") != rest.npos;
}

}  // namespace npm

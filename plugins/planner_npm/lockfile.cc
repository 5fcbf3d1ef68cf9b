#include "lockfile.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "planwright/errors.hpp"
#include "planwright/json_bounds.hpp"

#include "rapidjson/document.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"

namespace npm {
namespace {

using rapidjson::Value;

constexpr std::string_view kModules = "node_modules/";

std::string text(const Value& object, const char* name) {
  const auto at = object.FindMember(name);
  return at != object.MemberEnd() && at->value.IsString()
             ? std::string(at->value.GetString(), at->value.GetStringLength())
             : std::string();
}

bool flag(const Value& object, const char* name) {
  const auto at = object.FindMember(name);
  return at != object.MemberEnd() && at->value.IsBool() && at->value.GetBool();
}

bool isOmitted(const Value& entry, const std::set<std::string>& omit) {
  const bool dev = omit.contains("dev"), optional = omit.contains("optional");
  return (dev && flag(entry, "dev")) || (optional && flag(entry, "optional")) ||
         (dev && optional && flag(entry, "devOptional")) ||
         (omit.contains("peer") && flag(entry, "peer"));
}

Package packageAt(const std::string& place, const std::string& path, const Value& entry,
                  const AllowedRequests& allowed) {
  Package out;
  out.name = text(entry, "name");  // only where it is installed under another
  const std::string installed = path.substr(path.rfind(kModules) + kModules.size());
  checkName(place, installed, "0");
  if (out.name.empty()) out.name = installed;
  out.version = text(entry, "version");
  checkName(place, out.name, out.version);
  if (out.name != installed && !allowed.contains(kAliases))
    refuseRequest(place, "it is the package " + out.name + " by another name", kAliases);
  out.url = text(entry, "resolved");
  out.integrity = Integrity::parse(text(entry, "integrity"));
  out.optional = flag(entry, "optional") || flag(entry, "devOptional");
  const std::string what = place + ": " + out.name + " " + out.version;
  if (out.url.starts_with("git"))
    pw::reject(what + " comes from a repository; a plan needs a tarball with its integrity");
  if (out.url.starts_with("file:"))
    pw::reject(what + " comes from " + out.url + ", which is not part of the lockfile");
  if (out.integrity.empty())
    pw::reject(what + " has no integrity in the lockfile, so nobody could say whether it is right");
  return out;
}

/// Of the project itself.
void checkDependencies(const std::string& place, const Value& project,
                       const AllowedRequests& allowed) {
  for (const char* kind :
       {"dependencies", "devDependencies", "optionalDependencies", "peerDependencies"}) {
    const auto list = project.FindMember(kind);
    if (list == project.MemberEnd() || !list->value.IsObject()) continue;
    for (const auto& each : list->value.GetObject()) {
      const std::string at = place + "." + kind + "." + each.name.GetString();
      if (!each.value.IsString()) pw::reject(at + " is not a text");
      checkDependency(at, {each.value.GetString(), each.value.GetStringLength()}, allowed);
    }
  }
}

/// A folder of the project that is installed: it must be in the lockfile itself.
void checkLink(const std::string& place, const Value& entry, const Value& packages) {
  const std::string target = text(entry, "resolved");
  const auto found = packages.FindMember(target.c_str());
  if (target.empty() || target.starts_with('/') || target.find("..") != target.npos ||
      found == packages.MemberEnd())
    refuseRequest(place, "it links to " + target + ", which is not in the lockfile", {});
}

std::string projectJson(const Value& root) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> out(buffer);
  root.Accept(out);
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace

Lockfile parseLockfile(const std::string& file, const std::string& json,
                       const std::set<std::string>& omit, const AllowedRequests& allowed) {
  if (const std::string why = pw::whyTooMuchJson(json); !why.empty())
    pw::reject("the lockfile " + why);
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag>(
      json.data(), json.size());
  if (document.HasParseError() || !document.IsObject())
    pw::reject("the lockfile is not a JSON object");
  if (json.find("\\u0000") != json.npos) pw::reject("the lockfile holds a NUL (\\u0000)");
  const auto packages = document.FindMember("packages");
  if (packages == document.MemberEnd() || !packages->value.IsObject())
    pw::reject("the lockfile has no \"packages\": npm 7 or newer writes lockfiles that have");
  Lockfile out;
  std::map<Integrity, Package> byIntegrity;
  for (const auto& member : packages->value.GetObject()) {
    const std::string path(member.name.GetString(), member.name.GetStringLength());
    const Value& entry = member.value;
    if (!entry.IsObject()) pw::reject("the lockfile's entry " + path + " is not an object");
    const std::string place = file + ", packages[\"" + path + "\"]";
    if (path.starts_with('/') || path.find("..") != path.npos)
      refuseRequest(place, "it is outside of the project", {});
    if (path.empty()) {
      checkDependencies(place, entry, allowed);
      out.packageJson = projectJson(entry);
    } else if (flag(entry, "link") || path.find(kModules) == std::string::npos) {
      if (flag(entry, "link")) checkLink(place, entry, packages->value);
      checkDependencies(place, entry, allowed);
      out.hasWorkspaces = true;
    } else if (!flag(entry, "inBundle") && !isOmitted(entry, omit)) {
      Package package = packageAt(place, path, entry, allowed);
      const auto [at, isNew] = byIntegrity.emplace(package.integrity, package);
      if (!isNew) at->second.optional = at->second.optional && package.optional;
    }
  }
  if (out.packageJson.empty()) out.packageJson = "{}";
  for (auto& [integrity, package] : byIntegrity) out.packages.push_back(std::move(package));
  std::sort(out.packages.begin(), out.packages.end(), [](const Package& a, const Package& b) {
    return std::tie(a.name, a.version, a.integrity) < std::tie(b.name, b.version, b.integrity);
  });
  return out;
}

}  // namespace npm

#include "artifacts/sbom.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/json.h"

namespace planwright {
namespace {

std::string normalised(std::string_view name) {
  std::string text;
  for (const char c : name) {
    const bool isSeparator = c == '-' || c == '_' || c == '.';
    if (isSeparator && !text.empty() && text.back() == '-') continue;
    text += isSeparator ? '-' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return text;
}

std::string packageUrl(const WheelComponent& component) {
  std::string version;  // '+' and '!' of PEP 440 are escaped
  for (const char c : component.version)
    version += c == '+' ? "%2B" : c == '!' ? "%21" : std::string(1, c);
  return "pkg:pypi/" + component.name + "@" + version;
}

/// Two wheels of one project (two platforms) are two components.
std::string reference(const WheelComponent& component) {
  return packageUrl(component) + "#" + component.wheel.name;
}

void writeHash(JsonWriter& json, std::string_view digest) {
  json.key("hashes").array().object().member("alg", "SHA-256");
  json.member("content", digest.substr(digest.find(':') + 1)).end().end();
}

void writeComponent(JsonWriter& json, const WheelComponent& component) {
  json.object()
      .member("type", "library")
      .member("bom-ref", reference(component))
      .member("name", component.name)
      .member("version", component.version)
      .member("purl", packageUrl(component));
  writeHash(json, component.wheel.digest);
  if (!component.sourceUrl.empty()) {
    json.key("externalReferences").array().object().member("type", "source-distribution");
    json.member("url", component.sourceUrl);
    if (!component.sourceDigest.empty()) writeHash(json, component.sourceDigest);
    json.end().end();
  }
  json.key("properties").array().object().member("name", "planwright:artifact");
  json.member("value", component.wheel.name).end();
  for (const auto& tag : component.tags)
    json.object().member("name", "planwright:wheel-tag").member("value", tag).end();
  json.end().end();
}

/// A UUID (RFC 9562, version 8) that is always the same for this manifest.
std::string serialNumber(std::string_view digest) {
  const std::string hex(digest.substr(digest.find(':') + 1));
  return fmt::format("urn:uuid:{}-{}-8{}-a{}-{}", hex.substr(0, 8), hex.substr(8, 4),
                     hex.substr(13, 3), hex.substr(17, 3), hex.substr(20, 12));
}

}  // namespace

std::optional<WheelComponent> wheelComponent(const std::string& path, const std::string& digest) {
  constexpr std::string_view kEnding = ".whl";
  std::string_view file = std::string_view(path).substr(path.rfind('/') + 1);
  if (!file.ends_with(kEnding)) return std::nullopt;
  file.remove_suffix(kEnding.size());
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= file.size();) {
    const std::size_t end = std::min(file.find('-', at), file.size());
    parts.emplace_back(file.substr(at, end - at));
    at = end + 1;
  }
  const bool hasEmpty = std::any_of(parts.begin(), parts.end(), [](auto& p) { return p.empty(); });
  if (hasEmpty || parts.size() < 5 || parts.size() > 6) return std::nullopt;
  WheelComponent component;
  component.name = normalised(parts[0]);
  component.version = parts[1];
  component.wheel = {path, digest, {}};
  const std::size_t n = parts.size();
  component.tags = {parts[n - 3] + "-" + parts[n - 2] + "-" + parts[n - 1]};
  return component;
}

std::string sbomJson(const Provenance& p, const std::vector<WheelComponent>& components) {
  const std::string root = fmt::format("urn:planwright:{}:build:{}", p.store, p.build);
  JsonWriter json;
  json.object()
      .member("bomFormat", "CycloneDX")
      .member("specVersion", "1.5")
      .member("serialNumber", serialNumber(p.manifestDigest))
      .member("version", 1);
  json.key("metadata").object().member("timestamp", p.finishedOn);
  json.key("tools").object().key("components").array();
  for (const auto& tool : p.tools)
    json.object()
        .member("type", "application")
        .member("name", tool.name)
        .member("version", tool.version)
        .end();
  json.end().end();
  json.key("component").object().member("type", "application").member("bom-ref", root);
  json.member("name", p.inputFile.name);
  writeHash(json, p.inputFile.digest);
  json.end().end();
  json.key("components").array();
  for (const auto& component : components) writeComponent(json, component);
  json.end();
  json.key("dependencies").array().object().member("ref", root).key("dependsOn").array();
  for (const auto& component : components) json.value(reference(component));
  return json.end().end().end().end().take();
}

}  // namespace planwright

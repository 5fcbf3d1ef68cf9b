#include "artifacts/sbom.h"

#include <fmt/format.h>

#include "artifacts/wheel_name.h"
#include "base/json.h"

namespace planwright {
namespace {

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
  auto name = wheelName(path);
  if (!name) return std::nullopt;
  WheelComponent component;
  component.name = std::move(name->project);
  component.version = std::move(name->version);
  component.wheel = {path, digest, {}};
  component.tags = {std::move(name->tags)};
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

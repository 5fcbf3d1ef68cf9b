#include "artifacts/build_manifest.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/digest.h"
#include "base/json.h"

namespace planwright {
namespace {

constexpr std::size_t kLongestPath = 4000;
constexpr std::size_t kLongestPart = 255;

/// A job's name as a folder. Names hold no '%', so no two jobs share one.
std::string folderOf(const std::string& job) {
  if (job == ".") return "%2E";
  if (job == "..") return "%2E%2E";
  return job;
}

/// Two equal ones, or one that is the folder of another.
bool meet(const std::vector<Artifact>& artifacts) {
  std::set<std::string_view> paths;
  for (const auto& artifact : artifacts)
    if (!paths.insert(artifact.path).second) return true;
  return std::any_of(paths.begin(), paths.end(), [&](std::string_view path) {
    for (auto slash = path.find('/'); slash != std::string_view::npos;
         slash = path.find('/', slash + 1))
      if (paths.contains(path.substr(0, slash))) return true;
    return false;
  });
}

Result<Artifact> parseArtifact(const JsonValue& item) {
  Artifact artifact;
  artifact.path = textOr(item, "path");
  artifact.name = textOr(item, "name");
  artifact.job = textOr(item, "job");
  artifact.digest = textOr(item, "digest");
  artifact.sizeBytes = numberOr(item, "size", -1);
  if (!isSafePath(artifact.path))
    return invalid(fmt::format("The manifest has an unsafe path \"{}\".", artifact.path));
  if (!Digest::parse(artifact.digest) || artifact.sizeBytes < 0)
    return invalid(fmt::format("The manifest has no digest and size of {}.", artifact.path));
  const std::string mode = textOr(item, "mode", "0644");
  const auto read = std::from_chars(mode.data(), mode.data() + mode.size(), artifact.mode, 8);
  if (read.ec != std::errc() || artifact.mode > 0777)
    return invalid(fmt::format("The manifest has an unknown mode of {}.", artifact.path));
  return artifact;
}

}  // namespace

bool isSafePath(std::string_view path) {
  if (path.empty() || path.size() > kLongestPath || path.find('\0') != std::string_view::npos)
    return false;
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string_view part = path.substr(at, end - at);
    if (part.empty() || part == "." || part == ".." || part.size() > kLongestPart) return false;
    at = end + 1;
  }
  return true;
}

void placeArtifacts(std::vector<Artifact>& artifacts) {
  std::map<std::string_view, int> leftBy;
  for (const auto& artifact : artifacts) ++leftBy[artifact.name];
  for (auto& artifact : artifacts)
    artifact.path =
        leftBy[artifact.name] > 1 ? folderOf(artifact.job) + "/" + artifact.name : artifact.name;
  if (!meet(artifacts)) return;
  for (auto& artifact : artifacts) artifact.path = folderOf(artifact.job) + "/" + artifact.name;
}

std::string BuildManifest::json() const {
  JsonWriter json;
  json.object()
      .member("build_id", build)
      .member("plan_digest", planDigest)
      .key("artifacts")
      .array();
  for (const auto& artifact : artifacts)
    json.object()
        .member("path", artifact.path)
        .member("name", artifact.name)
        .member("job", artifact.job)
        .member("digest", artifact.digest)
        .member("size", artifact.sizeBytes)
        .member("mode", fmt::format("{:04o}", artifact.mode))
        .end();
  return json.end().end().take();
}

Result<BuildManifest> BuildManifest::parse(std::string_view json) {
  const auto document = parseJson(json);
  if (!document) return document.error();
  const JsonValue* items = planwright::find(*document, "artifacts");
  if (!items || !items->IsArray()) return invalid("This is no manifest: it has no artifacts.");
  BuildManifest manifest;
  manifest.build = numberOr(*document, "build_id", 0);
  manifest.planDigest = textOr(*document, "plan_digest");
  for (const auto& item : items->GetArray()) {
    auto artifact = parseArtifact(item);
    if (!artifact) return artifact.error();
    manifest.artifacts.push_back(std::move(*artifact));
  }
  if (meet(manifest.artifacts)) return invalid("The manifest has two files in one place.");
  return manifest;
}

const Artifact* BuildManifest::find(std::string_view path) const {
  const auto at = std::find_if(artifacts.begin(), artifacts.end(),
                               [&](const Artifact& a) { return a.path == path; });
  return at == artifacts.end() ? nullptr : &*at;
}

}  // namespace planwright

#include "artifacts/provenance.h"

#include <algorithm>

#include <fmt/format.h>

#include "artifacts/dsse.h"
#include "base/json.h"

namespace planwright {
namespace {

constexpr std::size_t kNamedJobs = 5;

void writeDigest(JsonWriter& json, std::string_view digest) {
  json.key("digest").object().member("sha256", digest.substr(digest.find(':') + 1)).end();
}

/// An in-toto ResourceDescriptor.
void writeFile(JsonWriter& json, const StatedFile& file) {
  json.object().member("name", file.name);
  if (!file.uri.empty()) json.member("uri", file.uri);
  writeDigest(json, file.digest);
  json.end();
}

std::string whyIncomplete(const std::vector<std::string>& jobs) {
  const std::size_t named = std::min(jobs.size(), kNamedJobs);
  std::string text = "These jobs were not kept from the network and from undeclared files: ";
  for (std::size_t i = 0; i < named; ++i) text += (i == 0 ? "" : ", ") + jobs[i];
  if (named < jobs.size()) text += fmt::format(" and {} more", jobs.size() - named);
  return text + ".";
}

void writeDefinition(JsonWriter& json, const Provenance& p) {
  json.key("buildDefinition").object().member("buildType", "urn:planwright:buildtype:plan:v1");
  json.key("externalParameters").object().member("queue", p.queue).member("source", p.source);
  json.member("input", p.inputFile.name).member("plan", p.planDigest).member("mode", p.mode);
  if (!p.job.empty()) json.member("job", p.job);
  json.end();
  json.key("internalParameters").object().member("plan_id", p.plan).member("input_id", p.input);
  json.key("tools").array();
  for (const auto& tool : p.tools) {
    json.object().member("role", tool.role).member("id", tool.name).member("version", tool.version);
    if (!tool.settingsDigest.empty()) json.member("settings_digest", tool.settingsDigest);
    json.end();
  }
  json.end();
  json.end();
  json.key("resolvedDependencies").array();
  writeFile(json, p.inputFile);
  writeFile(json, {"plan.json", p.planDigest, {}});
  for (const auto& material : p.materials) writeFile(json, material);
  json.end();
  // An extension, as SLSA wants it: prefixed. v1 has no word of its own for this.
  json.key("planwright_completeness").object().member("materials", p.openJobs.empty());
  if (!p.openJobs.empty()) json.member("why", whyIncomplete(p.openJobs));
  json.end().end();
}

void writeDetails(JsonWriter& json, const Provenance& p) {
  json.key("runDetails").object();
  json.key("builder").object().member("id", "urn:planwright:" + p.store);
  json.key("version").object();
  std::string versions;
  for (const auto& version : p.hostVersions) versions += (versions.empty() ? "" : ", ") + version;
  json.member("planwright", versions).end();
  json.key("builderDependencies").array();
  for (const auto& tool : p.tools)
    if (!tool.digest.empty())
      writeFile(json, {tool.name, tool.digest, "urn:planwright:plugin:" + tool.name});
  json.end().end();
  json.key("metadata").object();
  json.member("invocationId", fmt::format("urn:planwright:{}:build:{}", p.store, p.build));
  json.member("startedOn", p.startedOn).member("finishedOn", p.finishedOn).end();
  json.key("byproducts").array();
  writeFile(json, {"manifest.json", p.manifestDigest, {}});
  json.end().end();
}

std::string textAt(const JsonValue& from, std::initializer_list<const char*> path) {
  const JsonValue* at = &from;
  for (const char* name : path) {
    at = at->IsObject() ? find(*at, name) : nullptr;
    if (!at) return {};
  }
  return at->IsString() ? at->GetString() : "";
}

}  // namespace

std::string statementJson(const Provenance& p) {
  JsonWriter json;
  json.object().member("_type", kStatementType).key("subject").array();
  for (const auto& subject : p.subjects) writeFile(json, subject);
  json.end().member("predicateType", kPredicateType).key("predicate").object();
  writeDefinition(json, p);
  writeDetails(json, p);
  return json.end().end().take();
}

Result<Verified> verifyArtifact(std::string_view envelope, const PublicKey& key,
                                const std::string& fileName, const std::string& digest) {
  const auto payload = openEnvelope(envelope, kInTotoType, key);
  if (!payload) return payload.error();
  const auto statement = parseJson(*payload);
  const JsonValue* subjects = statement ? find(*statement, "subject") : nullptr;
  if (!subjects || !subjects->IsArray() || textOr(*statement, "_type") != kStatementType ||
      textOr(*statement, "predicateType") != kPredicateType)
    return invalid("What was signed is no in-toto statement with SLSA provenance.");
  Verified verified;
  std::string wanted;  // of a file of this name
  for (const auto& subject : subjects->GetArray()) {
    const std::string found = "sha256:" + textAt(subject, {"digest", "sha256"});
    const std::string name = textOr(subject, "name");
    if (found == digest) verified.subject = name;
    if (name.substr(name.rfind('/') + 1) == fileName) wanted = found;
  }
  if (verified.subject.empty() && !wanted.empty())
    return Error{ErrorKind::Forbidden,
                 fmt::format("{} is not what was built: its digest is {}, the statement says {}.",
                             fileName, digest, wanted),
                 "changed-artifact",
                 {}};
  if (verified.subject.empty())
    return Error{ErrorKind::Forbidden,
                 fmt::format("The statement says nothing of {} ({}).", fileName, digest),
                 "changed-artifact",
                 {}};
  const JsonValue nothing(rapidjson::kObjectType);
  const JsonValue* stated = find(*statement, "predicate");
  const JsonValue& predicate = stated ? *stated : nothing;
  verified.invocation = textAt(predicate, {"runDetails", "metadata", "invocationId"});
  verified.startedOn = textAt(predicate, {"runDetails", "metadata", "startedOn"});
  verified.finishedOn = textAt(predicate, {"runDetails", "metadata", "finishedOn"});
  const JsonValue* definition = find(predicate, "buildDefinition");
  const JsonValue* complete = definition ? find(*definition, "planwright_completeness") : nullptr;
  verified.materialsAreComplete = complete && boolOr(*complete, "materials", false);
  return verified;
}

}  // namespace planwright

#include "control/statements.h"

#include <algorithm>

#include <fmt/format.h>

#include "artifacts/dsse.h"
#include "artifacts/sbom.h"
#include "base/files.h"
#include "base/json.h"
#include "base/unavailable.h"
#include "control/missing.h"
#include "store/blobs.h"

namespace planwright {
namespace {

/// The job and all that it needs, by position.
std::set<int> closureOf(const PlanDocument& plan, const std::string& job) {
  std::set<int> found;
  std::vector<int> open;
  for (std::size_t i = 0; i < plan.jobs.size(); ++i)
    if (plan.jobs[i].name == job) open.push_back(static_cast<int>(i));
  while (!open.empty()) {
    const int position = open.back();
    open.pop_back();
    if (!found.insert(position).second) continue;
    const auto& needs = plan.jobs[static_cast<std::size_t>(position)].needs;
    open.insert(open.end(), needs.begin(), needs.end());
  }
  return found;
}

/// What the job reads from outside the plan: blobs, and what its `spec` says that it fetches.
void addMaterials(const PlannedJob& job, std::vector<StatedFile>& materials) {
  for (const auto& input : job.inputs)
    if (!input.digest.empty()) materials.push_back({job.name + "/" + input.path, input.digest, {}});
  const auto spec = parseJson(job.specJson);
  if (!spec) return;
  const std::string url = textOr(*spec, "url");
  const auto digest = Digest::parse("sha256:" + textOr(*spec, "sha256"));
  if (!url.empty() && digest)
    materials.push_back({url.substr(url.rfind('/') + 1), digest->text(), url});
}

/// "planwright.wheels 1.0.0"
StatedTool planner(const Rows& row) {
  const std::string text = row.text(0, "planner");
  const std::size_t space = std::min(text.find(' '), text.size());
  return {"planner", text.substr(0, space), text.substr(std::min(space + 1, text.size())),
          row.text(0, "planner_digest"), row.text(0, "settings_digest")};
}

}  // namespace

Result<std::string> Statements::readBlob(const std::string& digest) const {
  const auto parsed = Digest::parse(digest);
  auto file = parsed ? parts_.blobs.open(*parsed) : notFound("no digest");
  if (!file && isLostBlob(file.error())) return file.error();
  if (!file)
    return Error{
        ErrorKind::Gone, fmt::format("The bytes of {} have been pruned.", digest), "pruned", {}};
  return readAll(file->get());
}

Result<Statements::Facts> Statements::facts(std::int64_t build) const {
  auto connection = parts_.database.lease();
  const Rows row = connection->run("statement_facts", {build});
  if (row.empty()) return missing(*connection, "build", build);
  if (row.text(0, "status") != "built" || row.text(0, "manifest_digest").empty())
    return notFound(
        fmt::format("Build {} has no statements: it is {}.", build, row.text(0, "status")));
  Facts facts;
  Provenance& p = facts.provenance;
  p.build = build;
  p.manifestDigest = row.text(0, "manifest_digest");
  p.plan = row.number(0, "plan");
  p.queue = row.text(0, "queue");
  p.mode = row.text(0, "mode");
  p.startedOn = row.text(0, "started_on");
  p.finishedOn = row.text(0, "finished_on");
  p.planDigest = row.text(0, "plan_digest");
  p.tools.push_back(planner(row));
  p.input = row.number(0, "input");
  p.inputFile = {row.text(0, "filename"), row.text(0, "input_digest"), {}};
  p.source = row.text(0, "source");
  p.store = row.text(0, "store");
  const Rows tools = connection->run("statement_tools", {build});
  std::set<std::string> versions;
  for (std::size_t i = 0; i < tools.size(); ++i) {
    versions.insert(tools.text(i, "host_version"));
    const StatedTool tool{"builder", tools.text(i, "id"), tools.text(i, "version"),
                          tools.text(i, "digest"), tools.text(i, "settings_digest")};
    if (std::find(p.tools.begin(), p.tools.end(), tool) == p.tools.end()) p.tools.push_back(tool);
  }
  p.hostVersions.assign(versions.begin(), versions.end());
  const Rows sealed = connection->run("sealed_jobs", {build});
  for (std::size_t i = 0; i < sealed.size(); ++i)
    facts.sealedJobs.insert(static_cast<int>(sealed.number(i, "position")));

  const auto manifest = readBlob(p.manifestDigest);
  if (!manifest) return manifest.error();
  auto read = BuildManifest::parse(*manifest);
  if (!read) return read.error();
  facts.manifest = std::move(*read);
  const auto document = readBlob(p.planDigest);
  if (!document) return document.error();
  auto plan = PlanDocument::parseSealed(*document);
  if (!plan) return plan.error();
  facts.plan = std::move(*plan);
  return facts;
}

Result<std::string> Statements::make(std::int64_t build, const std::string& artifact) const {
  auto known = facts(build);
  if (!known) return known.error();
  Provenance& p = known->provenance;
  std::set<int> jobs;
  if (artifact.empty()) {
    for (const auto& file : known->manifest.artifacts)
      p.subjects.push_back({file.path, file.digest, {}});
    // If a build left no file, the statement is about its manifest.
    if (p.subjects.empty()) p.subjects.push_back({"manifest.json", p.manifestDigest, {}});
    for (int i = 0; i < static_cast<int>(known->plan.jobs.size()); ++i) jobs.insert(i);
  } else {
    const Artifact* file = known->manifest.find(artifact);
    if (!file) return notFound(fmt::format("Build {} left no file {}.", build, artifact));
    p.subjects.push_back({file->path, file->digest, {}});
    p.job = file->job;
    jobs = closureOf(known->plan, file->job);
  }
  for (const int position : jobs) {
    const PlannedJob& job = known->plan.jobs[static_cast<std::size_t>(position)];
    addMaterials(job, p.materials);
    if (!known->sealedJobs.contains(position)) p.openJobs.push_back(job.name);
  }
  return statementJson(p);
}

/// Its bytes are gone, but all that it was made of is still known.
bool Statements::isLostStatement(const std::string& digest) const {
  const auto read = readBlob(digest);
  return !read && isLostBlob(read.error());
}

Result<Content> Statements::provenance(std::int64_t build, const std::string& artifact) const {
  if (!parts_.signingKey) throw Unavailable("This host has no signing key.");
  auto connection = parts_.database.lease();
  Rows found = connection->run("find_statement", {build, artifact});
  const bool isLost = !found.empty() && isLostStatement(found.text(0, "digest"));
  if (found.empty() || isLost) {
    const auto statement = make(build, artifact);
    if (!statement) return statement.error();
    const auto blob =
        parts_.blobs.stageBytes(signedEnvelope(kInTotoType, *statement, *parts_.signingKey));
    Transaction transaction(*connection);
    Blobs::record(*connection, {blob});
    connection->run(isLost ? "replace_statement" : "add_statement",
                    {build, artifact, blob.digest.text(), parts_.signingKey->publicKey().id()});
    transaction.commit();
    found = connection->run("find_statement", {build, artifact});  // another host may have won
    if (found.empty()) return missing(*connection, "build", build);
  }
  const std::string digest = found.text(0, "digest");
  auto content = contents_.blob(digest).open();
  if (content) content->fileName = fmt::format("build-{}.intoto.json", build);
  return content;
}

Result<std::string> Statements::sbom(std::int64_t build) const {
  const auto known = facts(build);
  if (!known) return known.error();
  std::vector<WheelComponent> components;
  for (const auto& artifact : known->manifest.artifacts) {
    auto component = wheelComponent(artifact.path, artifact.digest);
    if (!component) continue;
    for (const auto& job : known->plan.jobs) {
      if (job.name != artifact.job) continue;
      const auto spec = parseJson(job.specJson);
      if (!spec) continue;
      component->sourceUrl = textOr(*spec, "url");
      const auto digest = Digest::parse("sha256:" + textOr(*spec, "sha256"));
      if (digest) component->sourceDigest = digest->text();
    }
    components.push_back(std::move(*component));
  }
  if (components.empty())
    return notFound(fmt::format("Build {} has no bill of materials: it left no wheels.", build));
  return sbomJson(known->provenance, components);
}

std::string Statements::keysJson() const {
  const Rows rows = parts_.database.lease()->run("signing_keys");
  JsonWriter json;
  json.object().key("items").array();
  for (std::size_t i = 0; i < rows.size(); ++i)
    json.object()
        .member("id", rows.text(i, "id"))
        .member("public_key", rows.text(i, "public_key"))
        .member("first_used_at", rows.text(i, "first_used_at"))
        .member("last_used_at", rows.text(i, "last_used_at"))
        .end();
  return json.end().key("next_cursor").null().member("total", rows.size()).end().take();
}

void Statements::publishKey() const {
  const PublicKey& key = parts_.signingKey->publicKey();
  parts_.database.lease()->run("record_signing_key", {key.id(), key.pem()});
}

}  // namespace planwright

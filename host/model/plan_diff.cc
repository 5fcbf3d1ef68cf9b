#include "model/plan_diff.h"

#include <map>

#include "base/json_diff.h"

namespace planwright {
namespace {

std::string_view nameOf(const JsonValue& text) {
  return {text.GetString(), text.GetStringLength()};
}

/// RFC 6901
std::string pointerOf(const std::vector<std::string>& path) {
  std::string pointer;
  for (const auto& name : path) {
    pointer += '/';
    for (const char c : name) {
      if (c == '~')
        pointer += "~0";
      else if (c == '/')
        pointer += "~1";
      else
        pointer += c;
    }
  }
  return pointer;
}

std::vector<FieldChange> changesOf(const JsonValue& from, const JsonValue& to) {
  std::vector<FieldChange> changes;
  for (const auto& [path, before, after] : jsonDifferences(from, to))
    changes.push_back(
        {pointerOf(path), before ? toJson(*before) : "", after ? toJson(*after) : ""});
  return changes;
}

/// The jobs by id, and the rest of the document without them.
Result<std::map<std::string_view, const JsonValue*>> jobsOf(const JsonValue& document) {
  std::map<std::string_view, const JsonValue*> jobs;
  const auto* list = find(document, "jobs");
  if (!list || !list->IsArray()) return invalid("a plan document has a list of jobs", "/jobs");
  for (const auto& job : list->GetArray()) {
    const auto* id = find(job, "id");
    if (!id || !id->IsString()) return invalid("a job has an id", "/jobs");
    jobs[nameOf(*id)] = &job;
  }
  return jobs;
}

void write(JsonWriter& json, const std::vector<FieldChange>& fields) {
  json.array();
  for (const auto& field : fields)
    json.object()
        .member("pointer", field.pointer)
        .rawMember("from", field.from)
        .rawMember("to", field.to)
        .end();
  json.end();
}

}  // namespace

Result<PlanDiff> diffPlans(std::string_view from, std::string_view to) {
  auto before = parseJson(from), after = parseJson(to);
  if (!before) return before.error();
  if (!after) return after.error();
  const auto beforeJobs = jobsOf(*before), afterJobs = jobsOf(*after);
  if (!beforeJobs) return beforeJobs.error();
  if (!afterJobs) return afterJobs.error();
  PlanDiff diff;
  for (const auto& [id, job] : *afterJobs)
    if (!beforeJobs->contains(id)) diff.added.emplace_back(id);
  for (const auto& [id, job] : *beforeJobs) {
    const auto at = afterJobs->find(id);
    if (at == afterJobs->end()) {
      diff.removed.emplace_back(id);
      continue;
    }
    JobDiff change{std::string(id), changesOf(*job, *at->second)};
    if (!change.fields.empty()) diff.changed.push_back(std::move(change));
  }
  before->RemoveMember("jobs");
  after->RemoveMember("jobs");
  diff.document = changesOf(*before, *after);
  return diff;
}

std::string PlanDiff::json() const {
  JsonWriter json;
  json.object().member("same", isSame());
  for (const auto& [name, jobs] : {std::pair{"added", &added}, std::pair{"removed", &removed}}) {
    json.key(name).array();
    for (const auto& job : *jobs) json.value(job);
    json.end();
  }
  json.key("changed").array();
  for (const auto& change : changed) {
    json.object().member("job", change.job).key("fields");
    write(json, change.fields);
    json.end();
  }
  json.end().key("document");
  write(json, document);
  return json.end().take();
}

}  // namespace planwright

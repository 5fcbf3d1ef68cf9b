#include "model/plan_diff.h"

#include <map>
#include <set>

#include "base/json.h"

namespace planwright {
namespace {

std::string_view nameOf(const JsonValue& text) {
  return {text.GetString(), text.GetStringLength()};
}

/// A member's name as a part of a JSON pointer (RFC 6901).
std::string pointerPart(std::string_view name) {
  std::string part = "/";
  for (const char c : name) {
    if (c == '~')
      part += "~0";
    else if (c == '/')
      part += "~1";
    else
      part += c;
  }
  return part;
}

/// Null: that side has none.
void compare(const JsonValue* from, const JsonValue* to, const std::string& at,
             std::vector<FieldChange>& changes) {
  if (from && to && from->IsObject() && to->IsObject()) {
    std::set<std::string_view> names;
    for (const auto* side : {from, to})
      for (const auto& member : side->GetObject()) names.insert(nameOf(member.name));
    for (const auto name : names)
      compare(find(*from, name), find(*to, name), at + pointerPart(name), changes);
    return;
  }
  if (from && to && *from == *to) return;
  changes.push_back({at, from ? toJson(*from) : "", to ? toJson(*to) : ""});
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
    JobDiff change{std::string(id), {}};
    compare(job, at->second, "", change.fields);
    if (!change.fields.empty()) diff.changed.push_back(std::move(change));
  }
  before->RemoveMember("jobs");
  after->RemoveMember("jobs");
  compare(&*before, &*after, "", diff.document);
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

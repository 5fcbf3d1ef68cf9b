// planwright/plan_rules.hpp - what a host refuses in a plan, for testing.hpp. Included by it; not
// to be included alone.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include <rapidjson/document.h>

namespace pw::testing::plan_rules {

using Value = rapidjson::Value;

inline std::string textOf(const Value& value) {
  return value.IsString() ? std::string(value.GetString(), value.GetStringLength()) : std::string();
}

inline const Value* find(const Value& object, const char* name) {
  const auto at = object.FindMember(name);
  return at == object.MemberEnd() ? nullptr : &at->value;
}

/// Relative, without parts that are empty, "." or "..".
inline bool isInner(std::string_view path) {
  while (true) {
    const auto slash = path.find('/');
    const auto part = path.substr(0, slash);
    if (part.empty() || part == "." || part == "..") return false;
    if (slash == path.npos) return true;
    path.remove_prefix(slash + 1);
  }
}

/// What is wrong with where the input `path` comes from; "" = nothing.
inline std::string whyNotInput(const std::string& path, const Value& from,
                               const std::set<std::string>& needs) {
  if (!isInner(path)) return "the input path \"" + path + "\" leaves the job's folder";
  if (from.IsObject()) return find(from, "text") ? "" : "the input " + path + " has no text";
  const std::string source = textOf(from);
  if (source.compare(0, 7, "sha256:") == 0)
    return source.size() == 71 ? "" : "the input " + path + " has no valid digest";
  const auto slash = source.find('/');
  if (slash == source.npos || !isInner(source.substr(slash + 1)))
    return "the input " + path + " is neither sha256:..., JOB/FILE nor a text";
  const std::string job = source.substr(0, slash);
  return needs.count(job) ? "" : "it takes a file from " + job + ", which is not in its needs";
}

inline std::string whyNotJob(const Value& job, const std::set<std::string>& ids) {
  std::set<std::string> needs;
  if (const Value* list = find(job, "needs"))
    for (const auto& need : list->GetArray()) {
      if (!ids.count(textOf(need))) return "it needs " + textOf(need) + ", which is no job";
      if (!needs.insert(textOf(need)).second) return "it needs " + textOf(need) + " twice";
    }
  std::set<std::string> files;
  if (const Value* inputs = find(job, "inputs"))
    for (const auto& input : inputs->GetObject()) {
      const std::string path = textOf(input.name);
      if (std::string why = whyNotInput(path, input.value, needs); !why.empty()) return why;
      files.insert(path);
    }
  for (const auto& file : files)
    for (auto slash = file.find('/'); slash != file.npos; slash = file.find('/', slash + 1))
      if (files.count(file.substr(0, slash)))
        return "the input " + file.substr(0, slash) + " is a file, so nothing can be below it";
  if (const Value* outputs = find(job, "outputs"))
    for (const auto& output : outputs->GetArray())
      if (!isInner(textOf(output)))
        return "the output \"" + textOf(output) + "\" leaves the job's folder";
  return {};
}

/// Why a host would not take a plan: what planners get wrong, not all of plan.schema.json. "" = it
/// would.
inline std::string whyNot(std::string_view json) {
  rapidjson::Document plan;
  plan.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag>(json.data(),
                                                                                     json.size());
  if (plan.HasParseError() || !plan.IsObject()) return "it is no JSON object";
  const Value* jobs = find(plan, "jobs");
  if (!jobs || !jobs->IsArray()) return "it has no jobs";
  std::set<std::string> ids;
  for (const auto& job : jobs->GetArray()) {
    const Value* id = job.IsObject() ? find(job, "id") : nullptr;
    if (!id || textOf(*id).empty()) return "a job has no id";
    if (!ids.insert(textOf(*id)).second) return "two jobs have the id " + textOf(*id);
  }
  for (const auto& job : jobs->GetArray())
    if (std::string why = whyNotJob(job, ids); !why.empty())
      return "job " + textOf(*find(job, "id")) + ": " + why;
  return {};
}

}  // namespace pw::testing::plan_rules

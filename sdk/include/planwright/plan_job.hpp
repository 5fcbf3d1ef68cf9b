// planwright/plan_job.hpp - the members of PlanJob. Included by plan.hpp; not to be included alone.
#pragma once

#include <planwright/plan.hpp>

namespace pw {

inline rapidjson::Value& PlanJob::job() {
  return plan_->jobs_[index_];
}

inline rapidjson::Value& PlanJob::part(const char* name, rapidjson::Type type) {
  const auto at = job().FindMember(name);
  if (at != job().MemberEnd()) return at->value;
  job().AddMember(plan_->copy(name), rapidjson::Value(type), plan_->memory_);
  return (job().MemberEnd() - 1)->value;
}

/// Members stand once: a later value replaces the earlier one.
inline void PlanJob::set(rapidjson::Value& object, std::string_view name, rapidjson::Value value) {
  const auto at = object.FindMember(
      rapidjson::Value(rapidjson::StringRef(name.data() ? name.data() : "", name.size())));
  if (at != object.MemberEnd())
    at->value = value;
  else
    object.AddMember(plan_->copy(name), value, plan_->memory_);
}

inline PlanJob& PlanJob::after(std::string_view jobId) {
  auto& needs = part("needs", rapidjson::kArrayType);
  for (const auto& known : needs.GetArray())
    if (std::string_view(known.GetString(), known.GetStringLength()) == jobId) return *this;
  needs.PushBack(plan_->copy(jobId), plan_->memory_);
  return *this;
}

inline PlanJob& PlanJob::command(const std::vector<std::string>& argv) {
  rapidjson::Value words(rapidjson::kArrayType);
  for (const auto& word : argv) words.PushBack(plan_->copy(word), plan_->memory_);
  set(part("spec", rapidjson::kObjectType), "command", std::move(words));
  return *this;
}

inline PlanJob& PlanJob::shell(std::string_view script) {
  return arg("command", script);
}

inline PlanJob& PlanJob::env(std::string_view name, std::string_view value) {
  auto& spec = part("spec", rapidjson::kObjectType);
  if (!spec.HasMember("env")) set(spec, "env", rapidjson::Value(rapidjson::kObjectType));
  set(spec["env"], name, plan_->copy(value));
  return *this;
}

inline PlanJob& PlanJob::arg(std::string_view name, std::string_view value) {
  set(part("spec", rapidjson::kObjectType), name, plan_->copy(value));
  return *this;
}
inline PlanJob& PlanJob::arg(std::string_view name, std::int64_t value) {
  set(part("spec", rapidjson::kObjectType), name, rapidjson::Value(value));
  return *this;
}
inline PlanJob& PlanJob::arg(std::string_view name, bool value) {
  set(part("spec", rapidjson::kObjectType), name, rapidjson::Value(value));
  return *this;
}

inline PlanJob& PlanJob::input(std::string_view path, std::string_view source) {
  const auto slash = source.find('/');
  if (slash != source.npos && source.substr(0, 7) != "sha256:") after(source.substr(0, slash));
  set(part("inputs", rapidjson::kObjectType), path, plan_->copy(source));
  return *this;
}
inline PlanJob& PlanJob::text(std::string_view path, std::string_view content) {
  rapidjson::Value source(rapidjson::kObjectType);
  source.AddMember("text", plan_->copy(content), plan_->memory_);
  set(part("inputs", rapidjson::kObjectType), path, std::move(source));
  return *this;
}
inline PlanJob& PlanJob::output(std::string_view glob) {
  part("outputs", rapidjson::kArrayType).PushBack(plan_->copy(glob), plan_->memory_);
  return *this;
}

inline PlanJob& PlanJob::timeout(std::chrono::milliseconds limit) {
  set(job(), "timeout_ms", rapidjson::Value(static_cast<std::int64_t>(limit.count())));
  return *this;
}
inline PlanJob& PlanJob::cpus(std::int64_t count) {
  set(part("resources", rapidjson::kObjectType), "cpus", rapidjson::Value(count));
  return *this;
}
inline PlanJob& PlanJob::memory(std::int64_t bytes) {
  set(part("resources", rapidjson::kObjectType), "memory", rapidjson::Value(bytes));
  return *this;
}

inline PlanJob& PlanJob::processes(std::int64_t most) {
  set(part("resources", rapidjson::kObjectType), "processes", rapidjson::Value(most));
  return *this;
}
inline PlanJob& PlanJob::cacheable(bool is) {
  set(job(), "cacheable", rapidjson::Value(is));
  return *this;
}

}  // namespace pw

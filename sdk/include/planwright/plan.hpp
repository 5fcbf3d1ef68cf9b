// planwright/plan.hpp - the plan document that a planner fills in (sdk/schema/plan.schema.json).
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <planwright/errors.hpp>
#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace pw {

class Plan;

/// One job of the plan being made; cheap to copy, valid as long as the Plan.
class PlanJob {
 public:
  PlanJob& after(std::string_view jobId);  ///< it starts when that job has succeeded
  PlanJob& command(const std::vector<std::string>& argv);  ///< argv, no shell
  PlanJob& shell(std::string_view script);                 ///< run by sh -eu -c
  PlanJob& env(std::string_view name, std::string_view value);
  PlanJob& arg(std::string_view name,
               std::string_view value);  ///< a member of `spec`, for other builders
  PlanJob& arg(std::string_view name, const char* value) {
    return arg(name, std::string_view(value));
  }
  PlanJob& arg(std::string_view name, std::int64_t value);
  PlanJob& arg(std::string_view name, int value) { return arg(name, std::int64_t{value}); }
  PlanJob& arg(std::string_view name, bool value);
  PlanJob& input(std::string_view path, std::string_view source);  ///< sha256:... or <job>/<file>
  PlanJob& text(std::string_view path, std::string_view content);
  PlanJob& output(std::string_view glob);
  PlanJob& timeout(std::chrono::milliseconds limit);
  PlanJob& cpus(std::int64_t count);
  PlanJob& memory(std::int64_t bytes);
  PlanJob& cacheable(bool is = true);

 private:
  friend class Plan;
  PlanJob(Plan* plan, rapidjson::SizeType index) : plan_(plan), index_(index) {}
  rapidjson::Value& job();
  rapidjson::Value& part(const char* name, rapidjson::Type type);
  void set(rapidjson::Value& object, std::string_view name, rapidjson::Value value);

  Plan* plan_;
  rapidjson::SizeType index_;  // not a pointer: the array moves when it grows
};

/// Collects jobs in order and writes the document. One call, one thread. Small plans need no
/// allocation beyond the text itself: the values live in a buffer inside.
class Plan {
 public:
  PlanJob job(std::string_view id) {
    rapidjson::Value job(rapidjson::kObjectType);
    job.AddMember("id", copy(id), memory_);
    jobs_.PushBack(job, memory_);
    return {this, jobs_.Size() - 1};
  }
  void summary(std::string_view name, std::int64_t number) {
    summary_.AddMember(copy(name), rapidjson::Value(number), memory_);
  }
  void summary(std::string_view name, std::string_view text) {
    summary_.AddMember(copy(name), copy(text), memory_);
  }
  std::size_t size() const { return jobs_.Size(); }

  std::string json() const {
    rapidjson::StringBuffer buffer;
    rapidjson::Writer<rapidjson::StringBuffer> out(buffer);
    out.StartObject();
    out.Key("jobs");
    jobs_.Accept(out);
    out.Key("summary");
    summary_.Accept(out);
    out.EndObject();
    return {buffer.GetString(), buffer.GetSize()};
  }

 private:
  friend class PlanJob;
  rapidjson::Value copy(std::string_view text) {
    return rapidjson::Value(text.data(), static_cast<rapidjson::SizeType>(text.size()), memory_);
  }

  alignas(16) char first_[2048];
  rapidjson::MemoryPoolAllocator<> memory_{first_, sizeof first_};
  rapidjson::Value jobs_{rapidjson::kArrayType};
  rapidjson::Value summary_{rapidjson::kObjectType};
};

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
inline PlanJob& PlanJob::cacheable(bool is) {
  set(job(), "cacheable", rapidjson::Value(is));
  return *this;
}

}  // namespace pw

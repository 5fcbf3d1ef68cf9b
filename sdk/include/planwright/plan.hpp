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
  /// sha256:... or JOB/FILE, which is a need as well.
  PlanJob& input(std::string_view path, std::string_view source);
  PlanJob& text(std::string_view path, std::string_view content);
  PlanJob& output(std::string_view glob);
  PlanJob& timeout(std::chrono::milliseconds limit);
  PlanJob& cpus(std::int64_t count);
  PlanJob& memory(std::int64_t bytes);
  PlanJob& processes(std::int64_t most);  ///< and threads, at once
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

  /// Rejects the input if a text is not UTF-8: no host takes such a plan.
  std::string json() const {
    rapidjson::StringBuffer buffer;
    rapidjson::Writer<rapidjson::StringBuffer, rapidjson::UTF8<>, rapidjson::UTF8<>,
                      rapidjson::CrtAllocator, rapidjson::kWriteValidateEncodingFlag>
        out(buffer);
    out.StartObject();
    out.Key("jobs");
    bool isUtf8 = jobs_.Accept(out);
    out.Key("summary");
    isUtf8 = isUtf8 && summary_.Accept(out);
    if (!isUtf8) reject("the plan would hold bytes that are not UTF-8; write the input in UTF-8");
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

}  // namespace pw

#include <planwright/plan_job.hpp>

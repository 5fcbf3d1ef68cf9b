#include "trial/plan_trial.h"

#include "base/digest.h"
#include "base/json.h"
#include "model/plan_document.h"

namespace planwright {
namespace {

constexpr std::size_t kInlineBytes = std::size_t{64} << 10;  // a host keeps small ones in the row

}  // namespace

StageInput inputOf(const std::string& name, const std::string& content, TrialServices& services) {
  StageInput input;
  input.id = "1";
  input.name = name;
  input.digest = Digest::of(content).text();
  input.attributesJson = "{}";
  input.sizeBytes = static_cast<std::int64_t>(content.size());
  input.isInline = content.size() <= kInlineBytes;
  if (input.isInline) input.content = content;
  services.keep(content);  // a blob like any other, also when it is inline
  return input;
}

Result<std::string> sealTrial(std::string_view emitted, std::string_view content,
                              const PluginInfo& planner) {
  auto seal = sealPlan(emitted, Digest::of(content).text(), planner.id + " " + planner.version);
  if (!seal) return seal.error();
  return std::move(seal->document);
}

std::string readablePlan(std::string_view document) {
  const auto plan = parseJson(document);
  const auto* jobs = plan ? find(*plan, "jobs") : nullptr;
  if (!jobs || !jobs->IsArray()) return std::string(document);
  std::string text = "{\"jobs\": [";
  for (const auto& job : jobs->GetArray())
    text += (text.back() == '[' ? "\n  " : ",\n  ") + toJson(job);
  text += "\n]";
  for (const auto& member : plan->GetObject())
    if (std::string_view name = member.name.GetString(); name != "jobs")
      text += ",\n" + toJson(member.name) + ": " + toJson(member.value);
  return text + "}";
}

}  // namespace planwright

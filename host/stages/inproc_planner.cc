#include "stages/inproc_planner.h"

namespace planwright {

Result<std::unique_ptr<Planner>> InprocPlanner::create(std::shared_ptr<Library> library,
                                                       const pw_planner* table,
                                                       const std::string& queue,
                                                       std::string_view settingsJson) {
  auto instance = InprocInstance::create(std::move(library), table->stage, queue, settingsJson);
  if (!instance) return instance.error();
  return std::unique_ptr<Planner>(new InprocPlanner(std::move(*instance), table));
}

StageOutcome InprocPlanner::plan(const StageInput& input, StageCall& call) {
  pw_input in{};
  in.size = sizeof in;
  in.attempt = static_cast<std::uint32_t>(input.attempt);
  in.id = toStr(input.id);
  in.name = toStr(input.name);
  in.digest = toStr(input.digest);
  in.media_type = toStr(input.mediaType);
  in.attributes = toStr(input.attributesJson);
  in.bytes = static_cast<std::uint64_t>(input.sizeBytes);
  in.traceparent = toStr(input.traceparent);
  if (input.isInline) {
    in.inline_data = toStr(input.content);
    in.bytes = input.content.size();
  }
  StageOutcome out;
  out.failure = instance_->run(pw_call::Kind::Plan, call, [&](pw_call* record) {
    return table_->plan(instance_->self(), record, &in);
  });
  if (!out.failure) out.document = std::move(instance_->record().document);
  return out;
}

}  // namespace planwright

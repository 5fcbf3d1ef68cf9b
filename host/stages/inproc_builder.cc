#include "stages/inproc_builder.h"

#include "stages/inproc_job.h"

namespace planwright {

Result<std::unique_ptr<Builder>> InprocBuilder::create(std::shared_ptr<Library> library,
                                                       const pw_builder* table,
                                                       const std::string& queue,
                                                       std::string_view settingsJson) {
  auto instance = InprocInstance::create(std::move(library), table->stage, queue, settingsJson);
  if (!instance) return instance.error();
  return std::unique_ptr<Builder>(new InprocBuilder(std::move(*instance), table));
}

StageOutcome InprocBuilder::build(const StageJob& job, StageCall& call) {
  const pw_job in = toForm(job);
  StageOutcome out;
  out.failure = instance_->run(pw_call::Kind::Build, call, [&](pw_call* record) {
    return table_->build(instance_->self(), record, &in);
  });
  if (!out.failure) out.outputs = std::move(instance_->record().outputs);
  return out;
}

}  // namespace planwright

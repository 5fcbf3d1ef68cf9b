#include "stages/inproc_remote_builder.h"

#include <algorithm>

#include "stages/inproc_job.h"

namespace planwright {

Result<std::unique_ptr<RemoteBuilder>> InprocRemoteBuilder::create(std::shared_ptr<Library> library,
                                                                   const pw_remote_builder* table,
                                                                   const std::string& queue,
                                                                   std::string_view settingsJson) {
  auto instance = InprocInstance::create(std::move(library), table->stage, queue, settingsJson);
  if (!instance) return instance.error();
  return std::unique_ptr<RemoteBuilder>(new InprocRemoteBuilder(std::move(*instance), table));
}

StageOutcome InprocRemoteBuilder::submit(const StageJob& job, StageCall& call) {
  const pw_job in = toForm(job);
  StageOutcome out;
  out.failure = instance_->run(pw_call::Kind::Submit, call, [&](pw_call* record) {
    return table_->submit(instance_->self(), record, &in);
  });
  if (!out.failure) out.document = std::move(instance_->record().document);
  return out;
}

RemoteLook InprocRemoteBuilder::observe(std::string_view handlesJson, StageCall& call) {
  RemoteLook out;
  std::uint64_t nextMs = 1000;
  out.failure = instance_->run(pw_call::Kind::Observe, call, [&](pw_call* record) {
    return table_->observe(instance_->self(), record, toStr(handlesJson), &nextMs);
  });
  out.nextLook = std::chrono::milliseconds(std::min<std::uint64_t>(nextMs, 24 * 3600 * 1000ull));
  if (out.failure) return out;
  out.outputs = std::move(instance_->record().remoteOutputs);
  out.states = std::move(instance_->record().states);
  return out;
}

StageOutcome InprocRemoteBuilder::withdraw(std::string_view handle, StageCall& call) {
  StageOutcome out;
  out.failure = instance_->run(pw_call::Kind::Withdraw, call, [&](pw_call* record) {
    return table_->withdraw(instance_->self(), record, toStr(handle));
  });
  return out;
}

}  // namespace planwright

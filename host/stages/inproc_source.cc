#include "stages/inproc_source.h"

#include <algorithm>

namespace planwright {

Result<std::unique_ptr<Source>> InprocSource::create(std::shared_ptr<Library> library,
                                                     const pw_source* table,
                                                     const std::string& queue,
                                                     std::string_view settingsJson) {
  auto instance = InprocInstance::create(std::move(library), table->stage, queue, settingsJson);
  if (!instance) return instance.error();
  return std::unique_ptr<Source>(new InprocSource(std::move(*instance), table));
}

SourcePoll InprocSource::poll(std::string_view cursor, StageCall& call) {
  SourcePoll out;
  std::uint64_t nextMs = 1000;
  out.failure = instance_->run(pw_call::Kind::Poll, call, [&](pw_call* record) {
    return table_->poll(instance_->self(), record, toStr(cursor), &nextMs);
  });
  out.nextPoll = std::chrono::milliseconds(std::min<std::uint64_t>(nextMs, 24 * 3600 * 1000ull));
  out.cursor = cursor;
  if (out.failure) return out;
  out.items = std::move(instance_->record().items);
  if (instance_->record().cursor) out.cursor = std::move(*instance_->record().cursor);
  return out;
}

int InprocSource::fd() {
  return PW_HAS(table_, fd) ? table_->fd(instance_->self()) : -1;
}

}  // namespace planwright

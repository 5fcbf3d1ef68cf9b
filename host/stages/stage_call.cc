#include "stages/stage_call.h"

#include <utility>

#include <fmt/format.h>
#include <sys/stat.h>

namespace planwright {
namespace {

off_t sizeOf(int fd) {
  struct stat info {};
  return ::fstat(fd, &info) == 0 ? info.st_size : 0;
}

double seconds(std::chrono::milliseconds time) {
  return std::chrono::duration<double>(time).count();
}

}  // namespace

StageCall::StageCall(CallServices& services, CallLimits limits)
    : services_(services),
      limits_(limits),
      begin_(std::chrono::steady_clock::now() - limits.elapsed),
      lastSign_(std::chrono::steady_clock::now()) {}

StageCall::Output::Output(StageCall& call, int first, int second)
    : call_(call),
      first_(first),
      second_(second) {
  call.live();
  auto outputs = call.outputs_.lock();
  for (const int fd : {first, second}) outputs->push_back({fd, sizeOf(fd)});
}

StageCall::Output::~Output() {
  call_.live();
  std::erase_if(*call_.outputs_.lock(),
                [&](const auto& file) { return file.fd == first_ || file.fd == second_; });
}

void StageCall::checkLimits(SteadyTime now) {
  if (limits_.deadline.count() > 0 && now - begin_ >= limits_.deadline)
    return stop(StopReason::Deadline);
  if (limits_.silence.count() == 0) return;
  {
    auto outputs = outputs_.lock();
    for (auto& file : *outputs)
      if (const off_t size = sizeOf(file.fd); size != std::exchange(file.size, size))
        lastSign_ = now;
    if (const auto bytes = services_.outputBytes(); bytes != std::exchange(outputBytes_, bytes))
      lastSign_ = now;
  }
  if (now - lastSign_.load() >= limits_.silence) stop(StopReason::Silence);
}

std::optional<Failure> StageCall::overLimit(const Failure& said) const {
  Failure failure{FailureClass::Timeout, {}, said.details, {}};
  if (reason() == StopReason::Deadline)
    failure.message =
        fmt::format("Ended by the host after its time limit of {} s.", seconds(limits_.deadline));
  else if (reason() == StopReason::Silence)
    failure.message = fmt::format("Ended by the host after {} s without output or progress.",
                                  seconds(limits_.silence));
  else
    return std::nullopt;
  return failure;
}

}  // namespace planwright

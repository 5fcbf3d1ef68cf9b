#include "building/remote_attempt.h"

#include <random>

#include <fmt/format.h>

#include "base/log.h"
#include "stages/inproc_call.h"

namespace planwright {
namespace {

/// Two installations that share an engine must never use the same token.
std::string newToken(AttemptId attempt) {
  std::random_device random;
  return fmt::format("attempt-{}-{:08x}{:08x}", number(attempt), random(), random());
}

}  // namespace

std::optional<Failure> RemoteAttempt::begin() {
  const std::string& plugin = task_.generation->config.builder.plugin;
  auto found = RemoteJobs(*host_.database.lease()).find(task_.id);
  if (found) {
    job_ = std::move(*found);
    if (job_.plugin == plugin && !job_.isWithdrawn) return std::nullopt;
    if (auto failure = forget()) return failure;
  }
  job_ = {};
  job_.plugin = plugin;
  job_.token = newToken(task_.attemptId);
  job_.folder = (host_.remoteFolder / queue_.name / job_.token).string();
  if (!RemoteJobs(*host_.database.lease()).begin(task_.id, task_.attemptId, queue_.name, job_))
    return Failure{FailureClass::Infra, "The attempt belongs to another host by now.", {}, {}};
  return std::nullopt;
}

/// A job that an earlier attempt left at the engine must end before the job runs again. The engine
/// of another plugin cannot be asked.
std::optional<Failure> RemoteAttempt::forget() {
  if (job_.plugin != task_.generation->config.builder.plugin) {
    log::warn(
        "{} was handed over by {}, which the queue {} does not use any more: it is left alone",
        job_.name(), job_.plugin, queue_.name);
  } else if (auto failure = engine_.withdraw(job_.name())) {
    failure->kind = FailureClass::Infra;
    failure->message = fmt::format("The attempt before, {}, cannot be withdrawn: {}", job_.name(),
                                   failure->message);
    return failure;
  }
  RemoteJobs(*host_.database.lease()).end({job_.token});
  return std::nullopt;
}

void RemoteAttempt::filled() {
  RemoteJobs(*host_.database.lease()).filled(job_.token);
}

StageOutcome RemoteAttempt::run(const StageJob& job, StageCall& call, JobServices& services) {
  if (job_.handle.empty()) {
    auto failed = submit(job, call, services);
    if (failed.failure) return failed;
  } else {
    services.log(2,
                 fmt::format("Goes on as {}, which was handed over {} s ago.", job_.handle,
                             job_.age.count() / 1000),
                 {});
  }
  auto end = engine_.await(job_.handle, call, services);
  if (end.state || end.failure) return outcome(std::move(end), services);
  return stopped(call.reason());
}

StageOutcome RemoteAttempt::submit(const StageJob& job, StageCall& call, JobServices& services) {
  StageOutcome submitted = engine_.submit(job, call);
  if (!submitted.failure) {
    job_.handle = std::move(submitted.text);
    RemoteJobs(*host_.database.lease()).submitted(job_.token, job_.handle);
    services.log(2, fmt::format("Handed over as {}.", job_.handle), {});
    return {};
  }
  const FailureClass kind = submitted.failure->kind;
  if (call.reason() != StopReason::None) return stopped(call.reason());
  // After any other error, it is not known whether the engine has the job.
  if (kind == FailureClass::Rejected || kind == FailureClass::Failed) end_ = RemoteEnd::IsOver;
  return submitted;
}

StageOutcome RemoteAttempt::outcome(RemoteEngine::End end, JobServices& services) {
  StageOutcome out;
  if (end.failure) {
    out.failure = std::move(end.failure);
    out.hold = std::move(end.hold);
    return out;
  }
  end_ = RemoteEnd::IsOver;
  const RemoteState& state = *end.state;
  exitCode_ = state.exitCode;
  for (auto& blob : end.blobs) services.keep(std::move(blob));
  if (state.stage == RemoteState::Stage::Succeeded) {
    out.outputs = std::move(end.outputs);
  } else if (state.stage == RemoteState::Stage::Lost) {
    out.failure = Failure{FailureClass::Infra,
                          fmt::format("The engine has lost {}.{}{}", job_.handle,
                                      state.message.empty() ? "" : " ", state.message),
                          {},
                          {}};
  } else {
    out.failure = Failure{FailureClass::Failed,
                          !state.message.empty() ? state.message
                          : exitCode_ >= 0
                              ? fmt::format("{} ended with exit code {}.", job_.handle, exitCode_)
                              : fmt::format("{} failed.", job_.handle),
                          {},
                          {}};
  }
  return out;
}

/// A host that leaves, or that has lost its claim, does not touch the job at the engine.
StageOutcome RemoteAttempt::stopped(StopReason reason) {
  StageOutcome out;
  out.failure = Failure{failureClassOf(PW_CANCELLED, reason), "It was stopped.", {}, {}};
  if (reason == StopReason::Drain || reason == StopReason::LeaseLost) return out;
  const auto failure = engine_.withdraw(job_.name());
  if (failure)
    log::warn("{} is withdrawn later queue={}: {}", job_.name(), queue_.name, failure->message);
  end_ = failure ? RemoteEnd::IsUnwanted : RemoteEnd::IsOver;
  return out;
}

}  // namespace planwright

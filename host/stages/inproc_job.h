#pragma once

#include "stages/inproc_instance.h"
#include "stages/stage.h"

namespace planwright {

/// As the ABI hands a job over; the texts stay `job`'s.
inline pw_job toForm(const StageJob& job) {
  pw_job form{};
  form.size = sizeof form;
  form.attempt = static_cast<std::uint32_t>(job.attempt);
  form.id = toStr(job.id);
  form.plan_id = toStr(job.planId);
  form.plan_digest = toStr(job.planDigest);
  form.spec = toStr(job.specJson);
  form.token = toStr(job.token);
  form.workdir = toStr(job.workdir);
  form.inputs = toStr(job.inputsJson);
  form.traceparent = toStr(job.traceparent);
  return form;
}

}  // namespace planwright

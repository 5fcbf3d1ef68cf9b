#pragma once

#include "config/config.h"
#include "model/ready_jobs.h"

namespace planwright {

/// How much its jobs may use at the same time: `cpus:` and `memory:` of the builder, otherwise the
/// whole machine.
JobCapacity capacityOf(const BuilderConfig& builder);

}  // namespace planwright

#pragma once

#include "config/config.h"
#include "model/ready_jobs.h"

namespace planwright {

/// What its jobs may use at once: `cpus:` and `memory:` of the builder, else all of the machine.
JobCapacity capacityOf(const BuilderConfig& builder);

}  // namespace planwright

#include "building/job_pool.h"

#include <unistd.h>

namespace planwright {

JobCapacity capacityOf(const BuilderConfig& builder) {
  JobCapacity capacity{
      static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN)),
      static_cast<std::int64_t>(::sysconf(_SC_PHYS_PAGES)) * ::sysconf(_SC_PAGESIZE)};
  if (builder.cpus > 0) capacity.cpus = builder.cpus;
  if (builder.memoryBytes) capacity.memoryBytes = *builder.memoryBytes;
  return capacity;
}

}  // namespace planwright

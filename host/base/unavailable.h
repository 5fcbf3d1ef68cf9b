#pragma once

#include <stdexcept>
#include <string>

namespace planwright {

/// Something this program depends on (Postgres, Redis, the blob store) is away and may come back:
/// try again later. The worker loops back off, the HTTP layer answers 503 with Retry-After.
struct Unavailable : std::runtime_error {
  explicit Unavailable(const std::string& what) : std::runtime_error(what) {}
};

}  // namespace planwright

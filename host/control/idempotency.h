#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "control/control_parts.h"

namespace planwright {

/// An answer kept for a repeated request.
struct KeptAnswer {
  int status = 0;
  std::string body;
  std::string location;
};

/// Answers to POSTs that carried an Idempotency-Key, for a day. [any thread]
class Idempotency {
 public:
  explicit Idempotency(const ControlParts& parts) : parts_(parts) {}

  /// The kept answer to the same request; nullopt: it is ours to do, then keep() or drop() it.
  /// Conflict `in-progress`: another is doing it. Invalid (pointer "/"): the key was used for
  /// another request.
  Result<std::optional<KeptAnswer>> begin(const std::string& key, const Digest& request) const;
  void keep(const std::string& key, const KeptAnswer& answer) const;
  void drop(const std::string& key) const;

 private:
  const ControlParts& parts_;
};

}  // namespace planwright

#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "control/control_parts.h"

namespace planwright {

/// A call of a webhook.
struct Nudge {
  std::string queue;
  std::string body;
  std::optional<std::string> signature;  ///< "sha256=<hex>", an HMAC of the body
  std::optional<std::string> delivery;   ///< its id; the same one again is no nudge
};

/// Makes the sources of a queue look at once. The host that holds them finds the nudge in the
/// database, as it finds changed settings. [any thread]
class Nudges {
 public:
  explicit Nudges(const ControlParts& parts) : parts_(parts) {}

  /// False: that delivery came before. NotFound: no such queue here. Forbidden: the queue has a
  /// nudge_secret, and the body is not signed with it. Unavailable: that secret cannot be read.
  Result<bool> nudge(const Nudge& nudge) const;

 private:
  const ControlParts& parts_;
};

}  // namespace planwright

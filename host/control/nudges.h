#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "control/control_parts.h"

namespace planwright {

/// A call of a webhook.
struct Nudge {
  std::string queue;
  std::string body;
  /// What it says to show that it knows the secret, by the name of the header (proofHeaders).
  std::map<std::string, std::string, std::less<>> proofs;
  std::optional<std::string> delivery;  ///< its id; the same one again is no nudge
};

/// Makes the sources of a queue look at once. The host that holds them finds the nudge in the
/// database, as it finds changed settings. [any thread]
class Nudges {
 public:
  explicit Nudges(const ControlParts& parts) : parts_(parts) {}

  /// The headers by which forges show that they know the secret.
  static std::vector<std::string_view> proofHeaders();
  /// False: that delivery came before. NotFound: no such queue here. Forbidden: the queue has a
  /// nudge_secret, and none of the proofs is right. Unavailable: that secret cannot be read.
  Result<bool> nudge(const Nudge& nudge) const;

 private:
  const ControlParts& parts_;
};

}  // namespace planwright

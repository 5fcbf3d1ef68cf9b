#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "store/bell.h"
#include "store/database.h"
#include "webhooks/webhook_wish.h"

namespace planwright {

/// What people do with webhooks. The secret of one is in the answer that makes it, or makes a new
/// one, and nowhere else. [any thread]
class Webhooks {
 public:
  struct Parts {
    Database& database;
    Bell& bell;
    const Clock& clock;
  };
  explicit Webhooks(const Parts& parts) : parts_(parts) {}

  /// How long the old secret signs as well after rotate().
  static constexpr std::chrono::hours kRotation{24};

  // All as JSON.

  struct Added {
    std::int64_t id;
    std::string json;
  };
  /// With its secret. It is told of what happens from now on.
  Added add(const WebhookWish& wish, const std::string& by) const;
  std::string list() const;
  Result<std::string> one(std::int64_t id) const;
  Result<void> remove(std::int64_t id) const;
  /// With the new secret; the old one signs as well for kRotation. Conflict: it is a forge.
  Result<std::string> rotate(std::int64_t id) const;
  /// A delivery of a made-up event, which is on its way.
  Result<std::string> test(std::int64_t id) const;
  /// Everything after that place of the event log is delivered, also what was before.
  Result<std::string> replay(std::int64_t id, const std::string& cursor) const;

  struct DeliveryQuery {
    std::optional<std::string> state = {};  ///< waiting, delivered or dead
    std::optional<std::string> cursor = {};
    int limit = 50;
  };
  Result<std::string> deliveries(std::int64_t id, const DeliveryQuery& query) const;
  Result<std::string> delivery(std::int64_t id) const;
  /// It is sent now, whether it waits, arrived or is dead.
  Result<std::string> redeliver(std::int64_t id) const;

 private:
  Result<std::string> shown(std::int64_t id, const std::string& secret) const;

  const Parts parts_;
};

}  // namespace planwright

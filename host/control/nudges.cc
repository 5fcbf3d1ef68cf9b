#include "control/nudges.h"

#include <fmt/format.h>

#include "base/hmac.h"
#include "config/secret_values.h"

namespace planwright {
namespace {

Result<void> checkSignature(const QueueConfig& queue, const Nudge& nudge) {
  if (queue.nudgeSecret.empty()) return {};
  const auto secret = readSecretValues(queue.nudgeSecret);
  if (!secret) return Error{ErrorKind::Unavailable, secret.error().message, {}, {}};
  const std::string expected = "sha256=" + hmacSha256(secret->begin()->second, nudge.body);
  if (equalsInConstantTime(expected, nudge.signature.value_or(""))) return {};
  return Error{ErrorKind::Forbidden,
               nudge.signature ? "X-Hub-Signature-256 is not that of this body with the secret of "
                                 "the queue."
                               : "The queue takes only nudges with X-Hub-Signature-256, an "
                                 "HMAC-SHA256 of the body with its nudge_secret.",
               "wrong-signature",
               {}};
}

}  // namespace

Result<bool> Nudges::nudge(const Nudge& nudge) const {
  const auto config = parts_.config.now();
  const QueueConfig* queue = config->queue(nudge.queue);
  if (!queue) return notFound(fmt::format("There is no queue {} here.", nudge.queue));
  if (auto ok = checkSignature(*queue, nudge); !ok) return ok.error();
  const Rows rows = parts_.database.lease()->run("queue_nudge", {nudge.queue, nudge.delivery});
  if (rows.empty()) return notFound(fmt::format("There is no queue {}.", nudge.queue));
  parts_.bell.ring();
  return rows.flag(0, 0);
}

}  // namespace planwright

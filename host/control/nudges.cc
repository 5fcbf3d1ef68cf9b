#include "control/nudges.h"

#include <array>

#include <fmt/format.h>

#include "base/hmac.h"
#include "config/secret_values.h"

namespace planwright {
namespace {

/// How a forge shows that it knows the secret.
struct Way {
  std::string_view header;
  std::string_view start;  ///< of the value, before the HMAC of the body in hex
  bool isSecret = false;   ///< the value is the secret itself
};

/// GitHub, Gitea and Forgejo; Bitbucket; Gitea's and Forgejo's own; Gogs; GitLab. GitHub writes
/// sha1 into X-Hub-Signature, which counts for nothing.
constexpr std::array<Way, 6> kWays{{{"X-Hub-Signature-256", "sha256=", false},
                                    {"X-Hub-Signature", "sha256=", false},
                                    {"X-Gitea-Signature", "", false},
                                    {"X-Forgejo-Signature", "", false},
                                    {"X-Gogs-Signature", "", false},
                                    {"X-Gitlab-Token", "", true}}};

Result<void> checkProofs(const QueueConfig& queue, const Nudge& nudge) {
  if (queue.nudgeSecret.empty()) return {};
  const auto secrets = readSecretValues(queue.nudgeSecret);
  if (!secrets) return Error{ErrorKind::Unavailable, secrets.error().message, {}, {}};
  const std::string& secret = secrets->begin()->second;
  const std::string hmac = hmacSha256(secret, nudge.body);
  std::string wrong;
  for (const auto& way : kWays) {
    const auto proof = nudge.proofs.find(way.header);
    if (proof == nudge.proofs.end()) continue;
    const std::string expected = way.isSecret ? secret : std::string(way.start) + hmac;
    if (equalsInConstantTime(expected, proof->second)) return {};
    wrong += (wrong.empty() ? "" : ", ") + std::string(way.header);
  }
  return Error{
      ErrorKind::Forbidden,
      wrong.empty()
          ? "The queue takes only nudges that show its nudge_secret: by X-Hub-Signature-256 "
            "(GitHub, Gitea, Forgejo) or X-Hub-Signature (Bitbucket), sha256= and the "
            "HMAC-SHA256 of the body; by X-Gogs-Signature; or by X-Gitlab-Token."
          : "What the webhook shows is not right for this body and the secret of the "
            "queue: " +
                wrong + ".",
      "wrong-signature",
      {}};
}

}  // namespace

std::vector<std::string_view> Nudges::proofHeaders() {
  std::vector<std::string_view> names;
  names.reserve(std::size(kWays));
  for (const auto& way : kWays) names.push_back(way.header);
  return names;
}

Result<bool> Nudges::nudge(const Nudge& nudge) const {
  const auto config = parts_.config.now();
  const QueueConfig* queue = config->queue(nudge.queue);
  if (!queue) return notFound(fmt::format("There is no queue {} here.", nudge.queue));
  if (auto ok = checkProofs(*queue, nudge); !ok) return ok.error();
  const Rows rows = parts_.database.lease()->run("queue_nudge", {nudge.queue, nudge.delivery});
  if (rows.empty()) return notFound(fmt::format("There is no queue {}.", nudge.queue));
  parts_.bell.ring();
  return rows.flag(0, 0);
}

}  // namespace planwright

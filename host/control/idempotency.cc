#include "control/idempotency.h"

#include "base/json.h"

namespace planwright {

Result<std::optional<KeptAnswer>> Idempotency::begin(const std::string& key,
                                                     const Digest& request) const {
  if (key.empty() || key.size() > 255)
    return Error{
        ErrorKind::Invalid, "An Idempotency-Key has 1 to 255 characters.", {}, "Idempotency-Key"};
  const Rows rows = parts_.database.lease()->run("idempotency_begin", {key, request.text()});
  if (rows.empty()) return conflict("A request with this key is under way.", "in-progress");
  if (rows.flag(0, "is_ours")) return std::optional<KeptAnswer>();
  if (!rows.flag(0, "is_same"))
    return Error{ErrorKind::Invalid, "This Idempotency-Key was used for another request.",
                 "idempotency-key-reused", "/"};
  const auto status = static_cast<int>(rows.number(0, "status"));
  if (status == 0) return conflict("A request with this key is under way.", "in-progress");
  const auto kept = parseJson(rows.text(0, "response"));
  return std::optional(KeptAnswer{
      .status = status, .body = textOr(*kept, "body"), .location = textOr(*kept, "location")});
}

void Idempotency::keep(const std::string& key, const KeptAnswer& answer) const {
  parts_.database.lease()->run("idempotency_finish", {key, answer.status,
                                                      JsonWriter()
                                                          .object()
                                                          .member("body", answer.body)
                                                          .member("location", answer.location)
                                                          .end()
                                                          .take()});
}

void Idempotency::drop(const std::string& key) const {
  parts_.database.lease()->run("idempotency_drop", {key});
}

}  // namespace planwright

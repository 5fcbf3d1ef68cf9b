#include "artifacts/dsse.h"

#include <fmt/format.h>

#include "base/json.h"

namespace planwright {

std::string preAuthEncoding(std::string_view payloadType, std::string_view payload) {
  return fmt::format("DSSEv1 {} {} {} {}", payloadType.size(), payloadType, payload.size(),
                     payload);
}

std::string signedEnvelope(std::string_view payloadType, std::string_view payload,
                           const SigningKey& key) {
  JsonWriter json;
  json.object()
      .member("payloadType", payloadType)
      .member("payload", toBase64(payload))
      .key("signatures")
      .array()
      .object()
      .member("keyid", key.publicKey().id())
      .member("sig", toBase64(key.sign(preAuthEncoding(payloadType, payload))))
      .end()
      .end();
  return json.end().take();
}

Result<std::string> openEnvelope(std::string_view envelope, std::string_view payloadType,
                                 const PublicKey& key) {
  const auto document = parseJson(envelope);
  if (!document || !document->IsObject())
    return invalid("The statement is not a DSSE envelope: it is not JSON.");
  const std::string type = textOr(*document, "payloadType");
  const auto payload = fromBase64(textOr(*document, "payload"));
  const JsonValue* signatures = find(*document, "signatures");
  if (type != payloadType || !payload || !signatures || !signatures->IsArray())
    return invalid(
        fmt::format("The statement is not a DSSE envelope of the type {}.", payloadType));
  const std::string message = preAuthEncoding(type, *payload);
  std::string signers;
  bool isNamed = false;
  for (const auto& item : signatures->GetArray()) {
    const auto signature = fromBase64(textOr(item, "sig"));
    if (signature && key.verifies(message, *signature)) return *payload;
    const std::string id = textOr(item, "keyid");
    isNamed = isNamed || id == key.id();
    signers += (signers.empty() ? "" : ", ") + (id.empty() ? "an unnamed key" : id);
  }
  if (isNamed)
    return Error{ErrorKind::Forbidden,
                 "The statement was changed after it was signed: the signature does not fit.",
                 "changed-statement",
                 {}};
  return Error{ErrorKind::Forbidden,
               fmt::format("The statement was signed with another key ({}; yours is {}).",
                           signers.empty() ? "by nobody" : signers, key.id()),
               "wrong-key",
               {}};
}

}  // namespace planwright

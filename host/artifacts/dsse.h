#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/signing_key.h"

namespace planwright {

/// Dead Simple Signing Envelope 1.0: JSON around a payload and its signature, which covers the
/// payload's type as well.
inline constexpr std::string_view kInTotoType = "application/vnd.in-toto+json";

/// The bytes that are signed (DSSE "PAE").
std::string preAuthEncoding(std::string_view payloadType, std::string_view payload);
std::string signedEnvelope(std::string_view payloadType, std::string_view payload,
                           const SigningKey& key);
/// The payload, if this key signed it. Invalid: no envelope of that type; Forbidden: signed by
/// another key, or changed since.
Result<std::string> openEnvelope(std::string_view envelope, std::string_view payloadType,
                                 const PublicKey& key);

}  // namespace planwright

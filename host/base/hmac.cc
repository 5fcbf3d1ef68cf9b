#include "base/hmac.h"

#include <stdexcept>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/hex.h"

namespace planwright {

std::string hmacSha256Bytes(std::string_view key, std::string_view text) {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (!::HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
              reinterpret_cast<const unsigned char*>(text.data()), text.size(), bytes, &size))
    throw std::runtime_error("OpenSSL cannot compute HMAC-SHA256");
  return {reinterpret_cast<const char*>(bytes), size};
}

std::string hmacSha256(std::string_view key, std::string_view text) {
  return toHex(hmacSha256Bytes(key, text));
}

bool equalsInConstantTime(std::string_view a, std::string_view b) {
  return a.size() == b.size() && ::CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace planwright

#include "base/digest.h"

#include <stdexcept>

#include <openssl/evp.h>

#include "base/hex.h"

namespace planwright {
namespace {

constexpr std::string_view kPrefix = "sha256:";

void check(int ok) {
  if (ok != 1) throw std::runtime_error("OpenSSL cannot compute SHA-256");
}

}  // namespace

std::optional<Digest> Digest::parse(std::string_view text) {
  if (text.size() != kPrefix.size() + 64 || !text.starts_with(kPrefix)) return std::nullopt;
  if (text.find_first_not_of("0123456789abcdef", kPrefix.size()) != std::string_view::npos)
    return std::nullopt;
  return Digest(std::string(text));
}

Digest Digest::of(std::string_view bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.finish();
}

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  // Fetched once: an implicit fetch per digest costs more than hashing a small document.
  static const EVP_MD* const kSha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  check(EVP_DigestInit_ex(state_->context, kSha256, nullptr));
}

Sha256::~Sha256() = default;

void Sha256::update(std::string_view bytes) {
  check(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()));
}

Digest Sha256::finish() {
  std::string out(32, '\0');
  check(EVP_DigestFinal_ex(state_->context, reinterpret_cast<unsigned char*>(out.data()), nullptr));
  return Digest(std::string(kPrefix) + toHex(out));
}

}  // namespace planwright

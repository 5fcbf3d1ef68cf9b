#include "integrity.h"

#include <cerrno>
#include <memory>
#include <stdexcept>

#include <openssl/evp.h>
#include <unistd.h>

namespace npm {
namespace {

struct Kind {
  const char* name;
  std::size_t bytes;
};
constexpr Kind kStrongestFirst[] = {{"sha512", 64}, {"sha384", 48}, {"sha256", 32}, {"sha1", 20}};

std::string hexOf(const unsigned char* bytes, std::size_t size) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < size; ++i) {
    out += kDigits[bytes[i] >> 4];
    out += kDigits[bytes[i] & 15];
  }
  return out;
}

/// The bytes that `text` stands for as hex, or empty unless there are exactly `size`.
std::string hexOfBase64(std::string_view text, std::size_t size) {
  if (text.size() != (size + 2) / 3 * 4) return {};
  std::string bytes(text.size(), '\0');
  const auto* from = reinterpret_cast<const unsigned char*>(text.data());
  auto* to = reinterpret_cast<unsigned char*>(bytes.data());
  if (EVP_DecodeBlock(to, from, static_cast<int>(text.size())) < 0) return {};
  return hexOf(to, size);
}

}  // namespace

Integrity Integrity::parse(std::string_view text) {
  for (const auto& [name, bytes] : kStrongestFirst) {
    const std::string start = std::string(name) + "-";
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find(' ', at), text.size());
      const std::string_view word = text.substr(at, end - at);
      at = end + 1;
      if (!word.starts_with(start)) continue;
      const auto base64 = word.substr(start.size(), word.find('?') - start.size());
      Integrity out;
      out.hex_ = hexOfBase64(base64, bytes);
      if (out.empty()) continue;
      out.kind_ = name;
      out.text_ = start + std::string(base64);
      return out;
    }
  }
  return {};
}

std::string Integrity::cachePath() const {
  return "content-v2/" + kind_ + "/" + hex_.substr(0, 2) + "/" + hex_.substr(2, 2) + "/" +
         hex_.substr(4);
}

bool Integrity::matches(int fd) const {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> hash(EVP_MD_CTX_new(),
                                                                     EVP_MD_CTX_free);
  if (!hash || EVP_DigestInit_ex(hash.get(), EVP_get_digestbyname(kind_.c_str()), nullptr) != 1)
    throw std::runtime_error("OpenSSL has no " + kind_);
  char buffer[65536];
  for (;;) {
    const ssize_t n = ::read(fd, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    if (n == 0) break;
    EVP_DigestUpdate(hash.get(), buffer, static_cast<std::size_t>(n));
  }
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_DigestFinal_ex(hash.get(), bytes, &size);
  return hexOf(bytes, size) == hex_;
}

}  // namespace npm

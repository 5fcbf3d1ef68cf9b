#include "access/key_text.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <stdexcept>

#include <sys/random.h>

#include "base/signing_key.h"

namespace planwright {

namespace {

constexpr std::size_t kRandomBytes = 32;
constexpr std::size_t kRandomChars = 43;  // as base64 without padding

std::string_view prefixOf(KeyKind kind) {
  switch (kind) {
    case KeyKind::Token:
      return "pwt_";
    case KeyKind::Session:
      return "pws_";
    case KeyKind::Link:
      return "pwl_";
  }
  return "";
}

}  // namespace

std::string_view toText(KeyKind kind) {
  switch (kind) {
    case KeyKind::Token:
      return "token";
    case KeyKind::Session:
      return "session";
    case KeyKind::Link:
      return "link";
  }
  return "";
}

std::string makeKey(KeyKind kind) {
  std::array<char, kRandomBytes> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    throw std::runtime_error("getrandom gives no randomness for a key");
  std::string text = toBase64({bytes.data(), bytes.size()});
  text.resize(kRandomChars);
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return std::string(prefixOf(kind)) + text;
}

bool isKey(KeyKind kind, std::string_view text) {
  const std::string_view prefix = prefixOf(kind);
  if (!text.starts_with(prefix) || text.size() != prefix.size() + kRandomChars) return false;
  return std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_'; });
}

}  // namespace planwright

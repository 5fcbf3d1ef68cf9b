#include "base/secret_mask.h"

#include <algorithm>
#include <utility>

#include "base/text_forms.h"

namespace planwright {
namespace {

constexpr std::size_t kShortest = 4;
constexpr std::string_view kHidden = "***";

}  // namespace

void SecretMask::add(std::string_view secret) {
  while (secret.ends_with('\n') || secret.ends_with('\r')) secret.remove_suffix(1);
  if (secret.size() < kShortest) return;
  for (const auto& form : formsOf(secret)) addForm(form);
}

void SecretMask::addForm(std::string_view form) {
  if (std::find(secrets_.begin(), secrets_.end(), form) != secrets_.end()) return;
  secrets_.emplace_back(form);
  std::sort(secrets_.begin(), secrets_.end(),
            [](const auto& a, const auto& b) { return a.size() > b.size(); });
}

/// How much of the end of `text` may be the beginning of a secret.
std::size_t SecretMask::heldBack(std::string_view text) const {
  for (std::size_t size = std::min(text.size(), secrets_.front().size() - 1); size > 0; --size) {
    const std::string_view end = text.substr(text.size() - size);
    for (const auto& secret : secrets_)
      if (secret.size() > size && secret.starts_with(end)) return size;
  }
  return 0;
}

/// What may be the beginning of a secret at the end of `text` goes to `held`, if there is one.
std::string SecretMask::masked(const std::string& text, std::string* held) const {
  if (secrets_.empty()) return text;
  std::vector<std::size_t> next(secrets_.size(), 0);  // where each is found next
  std::string out;
  std::size_t at = 0;
  for (;;) {
    std::size_t begin = std::string::npos, size = 0;
    for (std::size_t i = 0; i < secrets_.size(); ++i) {
      if (next[i] != std::string::npos && (next[i] < at || at == 0))
        next[i] = text.find(secrets_[i], at);
      if (next[i] < begin) {
        begin = next[i];
        size = secrets_[i].size();
      }
    }
    // A longer one that is not complete yet may begin earlier than the one that was found.
    const std::string_view left = std::string_view(text).substr(at);
    const std::size_t heldSize = held ? heldBack(left) : 0;
    if (begin == std::string::npos || text.size() - heldSize <= begin) {
      out.append(left.substr(0, left.size() - heldSize));
      if (held) *held = left.substr(left.size() - heldSize);
      return out;
    }
    out.append(text, at, begin - at).append(kHidden);
    at = begin + size;
  }
}

std::string SecretMask::without(std::string_view text) const {
  return masked(std::string(text), nullptr);
}

std::string SecretMask::feed(std::string_view piece) {
  return masked(std::exchange(held_, {}) + std::string(piece), &held_);
}

std::string SecretMask::rest() {
  return masked(std::exchange(held_, {}), nullptr);  // it may hold a shorter one
}

}  // namespace planwright

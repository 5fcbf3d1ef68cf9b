#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace planwright {

/// The name of some bytes: "sha256:" and 64 lower-case hex digits. A default one is empty: no bytes
/// yet.
class Digest {
 public:
  Digest() = default;
  /// nullopt unless `text` is exactly of that form.
  static std::optional<Digest> parse(std::string_view text);
  static Digest of(std::string_view bytes);

  bool empty() const { return text_.empty(); }
  const std::string& text() const { return text_; }
  std::string_view hex() const { return std::string_view(text_).substr(7); }
  friend auto operator<=>(const Digest&, const Digest&) = default;

 private:
  friend class Sha256;
  explicit Digest(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

/// SHA-256 (FIPS 180-4) over a stream, by OpenSSL. One thread.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void update(std::string_view bytes);
  Digest finish();  ///< once

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace planwright

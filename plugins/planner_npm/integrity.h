#pragma once

#include <string>
#include <string_view>

namespace npm {

/// The strongest hash of a Subresource Integrity text such as "sha512-<base64>": how a lockfile
/// names the bytes of a package.
class Integrity {
 public:
  /// Empty if `text` holds no hash of a known kind.
  static Integrity parse(std::string_view text);

  bool empty() const { return hex_.empty(); }
  const std::string& text() const { return text_; }  ///< "sha512-<base64>"
  /// Where npm's cache keeps these bytes: "content-v2/sha512/ab/cd/ef...".
  std::string cachePath() const;
  /// Whether what `fd` holds up to its end has this hash.
  bool matches(int fd) const;

  auto operator<=>(const Integrity&) const = default;

 private:
  std::string kind_;  ///< "sha512"
  std::string hex_;
  std::string text_;
};

}  // namespace npm

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace planwright {

/// Replaces values that nobody may read by "***", as they are and in the forms that programs pass
/// them on (text_forms.h). One thread at a time.
class SecretMask {
 public:
  /// From now on. Short values would only make holes everywhere, and are left alone.
  void add(std::string_view secret);
  /// A whole text without them.
  std::string without(std::string_view text) const;
  /// Text that comes in pieces: what may be the beginning of one is held back until it is decided.
  /// Gives the piece with all before it that was held back.
  std::string feed(std::string_view piece);
  /// What is still held back: nothing comes any more that could complete it.
  std::string rest();
  bool isEmpty() const { return secrets_.empty(); }

 private:
  void addForm(std::string_view form);
  std::string masked(const std::string& text, std::string* held) const;
  std::size_t heldBack(std::string_view text) const;

  std::vector<std::string> secrets_;  ///< the longest first
  std::string held_;
};

}  // namespace planwright

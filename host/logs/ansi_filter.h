#pragma once

#include <string>
#include <string_view>

namespace planwright {

/// Takes terminal escape sequences (ECMA-48: CSI, OSC and two-byte ones) out of text that comes in
/// pieces. One thread.
class AnsiFilter {
 public:
  /// The piece without escape sequences; one that is cut by its end goes on with the next piece.
  std::string feed(std::string_view piece);

 private:
  enum class State { Text, Escape, Csi, Osc, OscEscape };
  State state_ = State::Text;
};

}  // namespace planwright

#pragma once

#include <string>
#include <string_view>

namespace planwright {

/// Takes terminal escape sequences (ECMA-48: CSI, the strings OSC, DCS, SOS, PM and APC, and short
/// ones with or without intermediate bytes) out of text that comes in pieces. Who writes the text
/// is not trusted: a sequence ends at the end of its line, or after so many bytes. One thread.
class AnsiFilter {
 public:
  enum class Keep {
    Controls,  ///< all but the sequences
    Colours,   ///< colours; no other control character but tabs and line ends
    Plain      ///< no control character but these
  };
  explicit AnsiFilter(Keep keep = Keep::Controls) : keep_(keep) {}

  /// The piece without escape sequences; one that is cut by its end goes on with the next piece.
  std::string feed(std::string_view piece);

 private:
  enum class State { Text, Escape, Csi, String, StringEscape };
  /// True: the character belongs to the sequence. False: it ended before it.
  bool takes(char c, std::string& out);
  bool takesEscape(char c);
  bool takesCsi(char c, std::string& out);
  bool takesString(char c);
  void text(char c, std::string& out);

  const Keep keep_;
  State state_ = State::Text;
  std::string sequence_;  ///< so far, without the escape
  bool isLatin_ = false;  ///< the last byte was 0xC2, which begins the controls U+0080 to U+009F
};

}  // namespace planwright

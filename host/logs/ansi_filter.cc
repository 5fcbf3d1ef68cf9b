#include "logs/ansi_filter.h"

namespace planwright {

std::string AnsiFilter::feed(std::string_view piece) {
  constexpr char kEscape = '\x1b', kBell = '\x07';
  std::string out;
  out.reserve(piece.size());
  for (const char c : piece) {
    switch (state_) {
      case State::Text:
        if (c == kEscape)
          state_ = State::Escape;
        else
          out += c;
        break;
      case State::Escape:
        state_ = c == '[' ? State::Csi : c == ']' ? State::Osc : State::Text;
        break;
      case State::Csi:
        if (c >= 0x40 && c <= 0x7e) state_ = State::Text;
        break;
      case State::Osc:
        if (c == kBell) state_ = State::Text;
        if (c == kEscape) state_ = State::OscEscape;
        break;
      case State::OscEscape:
        state_ = State::Text;
        break;
    }
  }
  return out;
}

}  // namespace planwright

#include "base/ansi_filter.h"

namespace planwright {
namespace {

constexpr char kEscape = '\x1b', kBell = '\x07', kCancel = '\x18', kSubstitute = '\x1a';
constexpr std::size_t kLongestCsi = 256, kLongestString = 4096;

bool isBetween(char c, char first, char last) {
  return c >= first && c <= last;
}

bool isColour(std::string_view csi) {
  return csi.find_first_not_of("0123456789;:", 1) == std::string_view::npos;
}

}  // namespace

std::string AnsiFilter::feed(std::string_view piece) {
  std::string out;
  out.reserve(piece.size());
  for (const char c : piece) {
    if (state_ != State::Text && takes(c, out)) continue;
    if (c == kEscape) {
      state_ = State::Escape;
      sequence_.clear();
    } else {
      state_ = State::Text;
      text(c, out);
    }
  }
  return out;
}

bool AnsiFilter::takes(char c, std::string& out) {
  if (state_ == State::StringEscape) {
    state_ = State::Escape;  // another sequence, unless it is the end of the string
    sequence_.clear();
    if (c == '\\') state_ = State::Text;
    if (c == '\\') return true;
  }
  if (state_ == State::Escape) return takesEscape(c);
  return state_ == State::Csi ? takesCsi(c, out) : takesString(c);
}

bool AnsiFilter::takesEscape(char c) {
  if (sequence_.empty() && std::string_view("[]PX^_").find(c) != std::string_view::npos) {
    state_ = c == '[' ? State::Csi : State::String;
    sequence_ = c;
    return true;
  }
  if (isBetween(c, 0x30, 0x7e)) {
    state_ = State::Text;
    return true;
  }
  sequence_ += c;
  return isBetween(c, 0x20, 0x2f) && sequence_.size() < kLongestCsi;
}

bool AnsiFilter::takesCsi(char c, std::string& out) {
  if (isBetween(c, 0x40, 0x7e)) {
    if (keep_ == Keep::Colours && c == 'm' && isColour(sequence_)) out += kEscape + sequence_ + c;
    state_ = State::Text;
    return true;
  }
  sequence_ += c;
  return isBetween(c, 0x20, 0x3f) && sequence_.size() < kLongestCsi;
}

bool AnsiFilter::takesString(char c) {
  if (c == '\n' || sequence_.size() >= kLongestString) return false;
  sequence_ += c;
  if (c == kEscape) state_ = State::StringEscape;
  if (c == kBell || c == kCancel || c == kSubstitute) state_ = State::Text;
  return true;
}

void AnsiFilter::text(char c, std::string& out) {
  if (keep_ == Keep::Controls) {
    out += c;
    return;
  }
  const auto byte = static_cast<unsigned char>(c);
  const bool isHighControl = isLatin_ && byte >= 0x80 && byte < 0xA0;
  if (isLatin_ && !isHighControl) out += '\xC2';
  isLatin_ = byte == 0xC2;
  if (isLatin_ || isHighControl) return;
  if ((byte >= 0x20 && byte != 0x7f) || c == '\n' || c == '\t') out += c;
}

}  // namespace planwright

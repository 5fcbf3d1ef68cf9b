#include "base/schema_pattern.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/format.h>

namespace planwright {
namespace {

constexpr int kMostNesting = 32;
constexpr std::size_t kMostStates = 5'000;  // a{1000} is a thousand copies of a

/// What a part of a pattern becomes.
struct Part {
  std::size_t states = 0;
  bool mayBeEmpty = true;
};

/// How often: `most` empty = without end.
struct Counts {
  std::size_t least = 0;
  std::optional<std::size_t> most;
};

/// Reads one pattern, left to right. A local; the first complaint stands.
class PatternReader {
 public:
  explicit PatternReader(std::string_view text) : rest_(text) {}

  /// Empty, or what is wrong.
  std::string complaint() {
    const bool isAnchored = take('^');
    if (!rest_.empty() && rest_.back() == '$' && !endsEscaped()) {
      rest_.remove_suffix(1);
      isAnchored_ = true;
    }
    isAnchored_ = isAnchored_ || isAnchored;
    readChoice(0);
    if (!rest_.empty()) complain("has a ) without its (");
    return complaint_;
  }

 private:
  bool endsEscaped() const {
    const auto rest = rest_.substr(0, rest_.size() - 1);
    const auto last = rest.find_last_not_of('\\');
    return (rest.size() - (last == std::string_view::npos ? 0 : last + 1)) % 2 == 1;
  }

  Part readChoice(int depth) {
    Part choice = readSequence(depth);
    while (take('|')) {
      if (depth == 0 && isAnchored_)
        complain("has a choice beside ^ or $; put it into a group, such as ^(a|b)$");
      const Part other = readSequence(depth);
      if (choice.mayBeEmpty && other.mayBeEmpty) complain("has two empty ways in one choice");
      choice.mayBeEmpty = choice.mayBeEmpty || other.mayBeEmpty;
      choice.states += other.states + 1;
    }
    return choice;
  }

  Part readSequence(int depth) {
    Part all;
    bool isNothing = true;
    while (complaint_.empty() && !rest_.empty() && rest_[0] != '|' && rest_[0] != ')') {
      Part part = readAtom(depth);
      while (const auto counts = readCounts()) repeat(part, *counts);
      all.states += part.states;
      all.mayBeEmpty = all.mayBeEmpty && part.mayBeEmpty;
      isNothing = false;
      if (all.states > kMostStates) complain("is too large once its repetitions are written out");
    }
    if (isNothing) complain("has a part with nothing in it; use ? for what may be missing");
    return all;
  }

  Part readAtom(int depth) {
    const char c = rest_[0];
    rest_.remove_prefix(1);
    if (c == '(') return readGroup(depth + 1);
    if (c == '[') {
      readClass();
    } else if (c == '\\') {
      readEscape("^$|()?*+.[]{}\\fnrtv");
    } else if (c == '^' || c == '$') {
      complain("has ^ or $ inside; they may only stand at its ends");
    } else if (std::string_view("?*+{").find(c) != std::string_view::npos) {
      complain(fmt::format("has a {} with nothing before it", c));
    }
    return {1, false};
  }

  Part readGroup(int depth) {
    if (depth > kMostNesting) complain("nests its groups too deep");
    if (rest_.substr(0, 1) == "?")
      complain("uses (?...), which is not supported; use plain groups");
    const Part part = readChoice(depth);
    if (!take(')')) complain("has a ( without its )");
    return part;
  }

  void readClass() {
    take('^');
    if (take(']')) complain("has a class with nothing in it");
    while (!take(']')) {
      if (rest_.empty()) return complain("has a [ without its ]");
      if (take('\\'))
        readEscape("^$|()?*+.[]{}\\bfnrtv");
      else
        rest_.remove_prefix(1);
    }
  }

  void readEscape(std::string_view known) {
    if (rest_.empty() || known.find(rest_[0]) == std::string_view::npos)
      return complain(
          fmt::format("uses \\{}, which is not supported; write the class out, e.g. [0-9]",
                      rest_.substr(0, 1)));
    rest_.remove_prefix(1);
  }

  std::optional<Counts> readCounts() {
    if (!complaint_.empty()) return std::nullopt;
    if (take('*')) return Counts{0, std::nullopt};
    if (take('+')) return Counts{1, std::nullopt};
    if (take('?')) return Counts{0, 1};
    if (!take('{')) return std::nullopt;
    Counts counts;
    counts.least = readNumber();
    counts.most = counts.least;
    if (take(','))
      counts.most = rest_.substr(0, 1) == "}" ? std::nullopt : std::optional(readNumber());
    if (!take('}') || counts.most == 0U || (counts.most && *counts.most < counts.least))
      complain("has a repetition that is not {n}, {n,} or {n,m}");
    return counts;
  }

  std::size_t readNumber() {
    std::size_t number = 0;
    const char* end = rest_.data() + rest_.size();
    const auto read = std::from_chars(rest_.data(), end, number);
    if (read.ec != std::errc() || number > kMostStates)
      complain(fmt::format("has a repetition that is no number from 0 to {}", kMostStates));
    rest_.remove_prefix(static_cast<std::size_t>(read.ptr - rest_.data()));
    return number;
  }

  /// A part that may be empty must not be repeated: the engine does not remember where it was, so
  /// each round doubles the number of paths, or never ends.
  void repeat(Part& part, const Counts& counts) {
    if (part.mayBeEmpty && !(counts.least == 1 && counts.most == 1U))
      complain("repeats something that may be empty, such as (a*)*");
    part.states *= std::max<std::size_t>(1, counts.most.value_or(counts.least));
    part.states += counts.most.value_or(counts.least + 1);
    if (counts.least == 0) part.mayBeEmpty = true;
    if (part.states > kMostStates) complain("is too large once its repetitions are written out");
  }

  bool take(char c) {
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void complain(std::string what) {
    if (complaint_.empty()) complaint_ = std::move(what);
  }

  std::string_view rest_;
  std::string complaint_;
  bool isAnchored_ = false;
};

}  // namespace

Result<void> checkPattern(std::string_view pattern) {
  if (pattern.find('\0') != std::string_view::npos) return invalid("the pattern holds a NUL");
  const std::string complaint = PatternReader(pattern).complaint();
  if (complaint.empty()) return {};
  return invalid(fmt::format("the pattern {} {}", pattern, complaint));
}

}  // namespace planwright

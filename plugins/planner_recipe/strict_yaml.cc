#include "strict_yaml.h"

#include <algorithm>
#include <cstddef>
#include <set>
#include <sstream>

#include <yaml-cpp/eventhandler.h>

#include "planwright/errors.hpp"

namespace recipe {
namespace {

constexpr int kDepthLimit = 64;
constexpr std::size_t kNodeLimit = 200'000;     // with aliases expanded
constexpr std::size_t kWrittenLimit = 200'000;  // in the file

/// Counts what a tree would be made of, before one is made: a node takes a hundred times its text.
class Counter final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { add(mark); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { add(mark); }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                const std::string&) override {
    add(mark);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    open(mark);
  }
  void OnSequenceEnd() override { --depth_; }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    open(mark);
  }
  void OnMapEnd() override { --depth_; }

 private:
  void open(const YAML::Mark& mark) {
    if (++depth_ > kDepthLimit + 1) rejectAt(mark, "nested deeper than 64 levels");
    add(mark);
  }
  void add(const YAML::Mark& mark) {
    if (++nodes_ > kWrittenLimit)
      rejectAt(mark, "holds more than 200000 values; make several recipes of it");
  }

  int depth_ = 0;
  std::size_t nodes_ = 0;
};

/// A list or map in brackets that may be a key is kept as tokens until it ends: at the start of a
/// line, or within other brackets. So what brackets hold is bounded before. `at` is the first one;
/// gives the place of the last.
std::size_t boundBrackets(std::string_view text, std::size_t at, const YAML::Mark& mark) {
  std::size_t depth = 0, entries = 0;
  char before = '[';  // the last one that is no space: a quote opens only where a value can begin
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if ((c == '"' || c == '\'') &&
        std::string_view("[{,:").find(before) != std::string_view::npos) {
      for (++at; at < text.size() && text[at] != c; ++at)
        if (c == '"' && text[at] == '\\') ++at;
    }
    if (c == '[' || c == '{') ++depth;
    if (c == ']' || c == '}') --depth;
    if (depth == 0) return at;
    const bool isEntry = c == '[' || c == '{' || c == ',' || c == ':';
    if (isEntry && ++entries > kWrittenLimit)
      rejectAt(mark,
               "the brackets that open here hold more than 200000 values; make several "
               "recipes of it");
    if (c != ' ' && c != '\n') before = c;
  }
  return at;
}

void boundAllBrackets(std::string_view text) {
  YAML::Mark mark;
  bool isStart = true;  // of a line or value, but for indentation and the marks of lists and keys
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (isStart && (c == '[' || c == '{')) {
      const std::size_t end = boundBrackets(text, at, mark);
      mark.line += static_cast<int>(
          std::count(text.begin() + static_cast<std::ptrdiff_t>(at),
                     text.begin() + static_cast<std::ptrdiff_t>(std::min(end, text.size())), '\n'));
      at = end;
      isStart = false;
      continue;
    }
    if (isStart && (c == '&' || c == '!'))  // an anchor or a tag may stand before it
      at = std::min(text.find_first_of(" \n", at), text.size()) - 1;
    else if (c != ' ' && c != '-' && c != '?' && c != ':' && c != '\t')
      isStart = c == '\n';
    if (c == ' ' && at > 0 && text[at - 1] == ':') isStart = true;
    if (c == '\n') ++mark.line;
  }
}

/// Refuses what would take much memory, before it does.
void bound(const std::string& text) {
  boundAllBrackets(text);
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  Counter counter;
  while (parser.HandleNextDocument(counter)) {
  }
}

/// Walks the tree as it will be read, aliases expanded, and throws at the first thing we do not
/// accept.
class Inspector {
 public:
  explicit Inspector(const std::string& text) : text_(text) {}

  void inspect(const YAML::Node& node, int depth) {
    if (depth > kDepthLimit)
      rejectAt(node.Mark(), "nested deeper than 64 levels, or an alias of itself");
    if (++nodes_ > kNodeLimit)
      rejectAt(node.Mark(), "expands to more than 200000 values; are aliases nested?");
    const std::string& tag = node.Tag();
    if (!tag.empty() && tag != "?" && tag != "!")
      rejectAt(node.Mark(), "tags such as " + tag + " are not supported");
    if (node.IsScalar() && tag == "!") inspectQuotes(node.Mark());
    if (node.IsSequence())
      for (const auto& item : node) inspect(item, depth + 1);
    if (node.IsMap()) inspectMap(node, depth);
  }

 private:
  void inspectMap(const YAML::Node& node, int depth) {
    std::set<std::string> seen;
    for (const auto& entry : node) {
      if (!entry.first.IsScalar()) rejectAt(entry.first.Mark(), "a key must be plain text");
      const std::string& key = entry.first.Scalar();
      if (key == "<<")
        rejectAt(entry.first.Mark(), "merging with << is not supported; write the keys out");
      if (!seen.insert(key).second)
        rejectAt(entry.first.Mark(), "the key \"" + key + "\" stands twice");
      inspect(entry.second, depth + 1);
    }
  }

  /// yaml-cpp 0.7 takes the end of the file for the closing quote.
  void inspectQuotes(const YAML::Mark& mark) const {
    auto at = static_cast<std::size_t>(mark.pos);
    if (mark.is_null() || at >= text_.size()) return;
    const char quote = text_[at];
    if (quote != '"' && quote != '\'') return;  // an anchor stands before it
    for (++at; at < text_.size(); ++at) {
      if (quote == '"' && text_[at] == '\\')
        ++at;
      else if (quote == '\'' && text_.compare(at, 2, "''") == 0)
        ++at;
      else if (text_[at] == quote)
        return;
    }
    rejectAt(mark, "this quote is never closed");
  }

  const std::string& text_;
  std::size_t nodes_ = 0;
};

}  // namespace

void rejectAt(const YAML::Mark& mark, const std::string& message) {
  const std::string place = mark.is_null() ? std::string()
                                           : "line " + std::to_string(mark.line + 1) + ", column " +
                                                 std::to_string(mark.column + 1) + ": ";
  pw::reject(place + message);
}

YAML::Node loadStrictYaml(const std::string& text) {
  std::vector<YAML::Node> documents;
  try {
    bound(text);
    documents = YAML::LoadAll(text);
  } catch (const YAML::Exception& e) {
    rejectAt(e.mark, "not valid YAML: " + e.msg);
  }
  if (documents.empty()) pw::reject("the recipe is empty");
  if (documents.size() > 1)
    rejectAt(documents[1].Mark(), "a recipe is one document; a second one starts here");
  Inspector(text).inspect(documents[0], 0);
  return documents[0];
}

}  // namespace recipe

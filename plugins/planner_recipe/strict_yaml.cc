#include "strict_yaml.h"

#include <set>

#include "planwright/errors.hpp"

namespace recipe {
namespace {

constexpr int kDepthLimit = 64;
constexpr std::size_t kNodeLimit = 200'000;

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

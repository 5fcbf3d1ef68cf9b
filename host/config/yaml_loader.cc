#include "config/yaml_loader.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <sstream>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include "base/utf8.h"

namespace planwright {
namespace {

constexpr int kMaxDepth = 64;
constexpr std::size_t kMaxNodes = 20'000;  // a few lines of aliases can stand for billions

/// Types a plain scalar by YAML 1.2's core schema. yaml-cpp has none of its own, and its as<int>
/// reads 010 as octal 8.
void typeScalar(const std::string& text, ConfigNode& node) {
  using Kind = ConfigNode::Kind;
  node.text = text;
  node.kind = Kind::Text;
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") {
    node.kind = Kind::Null;
    return;
  }
  if (text == "true" || text == "True" || text == "TRUE" || text == "false" || text == "False" ||
      text == "FALSE") {
    node.kind = Kind::Bool;
    node.flag = text[0] == 't' || text[0] == 'T';
    return;
  }
  // from_chars would also take +-5, and nan(1) behind a sign
  const auto first = text.find_first_not_of("+-");
  if (first > 1 || (text[first] != '.' && (text[first] < '0' || text[first] > '9'))) return;
  const char* begin = text.data() + (text[0] == '+' ? 1 : 0);
  const char* end = text.data() + text.size();
  const auto whole = std::from_chars(begin, end, node.integer);
  if (whole.ec == std::errc() && whole.ptr == end) {
    node.kind = Kind::Integer;
    return;
  }
  const auto real = std::from_chars(begin, end, node.real);
  if (real.ec == std::errc() && real.ptr == end) node.kind = Kind::Real;
}

/// What YAML forbids, too. yaml-cpp takes 0x04 for the end of the file.
std::size_t controlAt(std::string_view text) {
  const auto at = std::find_if(text.begin(), text.end(), [](unsigned char c) {
    return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F;
  });
  return at == text.end() ? text.npos : static_cast<std::size_t>(at - text.begin());
}

/// Sees where a document begins. A local.
class DocumentProbe : public YAML::EventHandler {
 public:
  std::optional<YAML::Mark> start() const { return start_; }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { note(mark); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { note(mark); }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                const std::string&) override {
    note(mark);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    note(mark);
  }
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    note(mark);
  }
  void OnMapEnd() override {}

 private:
  void note(const YAML::Mark& mark) {
    if (!start_) start_ = mark;
  }
  std::optional<YAML::Mark> start_;
};

/// Where a second document begins. Not by LoadAll: yaml-cpp 0.7 takes a stray comma for one
/// document after the other and never ends.
std::optional<YAML::Mark> secondDocument(const std::string& text) {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  DocumentProbe first, second;
  if (parser.HandleNextDocument(first)) parser.HandleNextDocument(second);
  return second.start();
}

/// Walks one document. One use, one thread.
class TreeBuilder {
 public:
  TreeBuilder(std::string_view text, const std::string& file, std::vector<ConfigProblem>& problems)
      : text_(text),
        file_(file),
        problems_(problems) {}

  ConfigNode build(const YAML::Node& yaml, const Place& around, int depth) {
    ConfigNode node;
    node.place = placeOf(yaml.Mark(), around);
    if (depth > kMaxDepth) {
      complain(node.place, "nested deeper than 64 levels");
      return node;
    }
    if (++nodes_ > kMaxNodes) {
      if (nodes_ == kMaxNodes + 1)
        complain(node.place, "expands to more than 20000 values; aliases (*name) repeat too much");
      return node;
    }
    if (yaml.IsMap()) return buildMap(yaml, std::move(node), depth);
    if (yaml.IsSequence()) {
      node.kind = ConfigNode::Kind::List;
      for (const auto& item : yaml) {
        if (nodes_ > kMaxNodes) break;
        node.items.push_back(build(item, node.place, depth + 1));
      }
      return node;
    }
    if (yaml.IsScalar()) buildScalar(yaml, node);
    return node;
  }

 private:
  ConfigNode buildMap(const YAML::Node& yaml, ConfigNode node, int depth) {
    node.kind = ConfigNode::Kind::Map;
    std::set<std::string> seen;
    for (const auto& pair : yaml) {
      if (nodes_ > kMaxNodes) break;
      const Place keyPlace = placeOf(pair.first.Mark(), node.place);
      if (!pair.first.IsScalar()) {
        complain(keyPlace, "a key must be plain text, not a list or a map");
        continue;
      }
      const std::string& key = pair.first.Scalar();
      if (!isStorable(key, keyPlace)) continue;
      if (key == "<<") {
        complain(keyPlace, "merge keys (<<) are not supported; put shared values under defaults:");
        continue;
      }
      if (!seen.insert(key).second) {
        complain(keyPlace, "key \"" + key + "\" is here twice; remove one of them");
        continue;
      }
      node.members.push_back({key, keyPlace, build(pair.second, keyPlace, depth + 1)});
    }
    return node;
  }

  void buildScalar(const YAML::Node& yaml, ConfigNode& node) {
    const std::string& tag = yaml.Tag();
    const std::string& text = yaml.Scalar();
    if (!isStorable(text, node.place)) return;
    if (tag == "!") checkQuote(yaml.Mark(), node.place);
    if (tag.empty() || tag == "?") return typeScalar(text, node);
    node.text = text;
    node.kind = tag == "!secret" ? ConfigNode::Kind::Secret : ConfigNode::Kind::Text;
    if (tag == "!" || tag == "!secret" || tag == "tag:yaml.org,2002:str") return;
    complain(node.place, "tag " + tag + " is not known; only !secret NAME is");
  }

  /// Neither Postgres nor a program's command line takes a NUL.
  bool isStorable(const std::string& text, const Place& place) {
    if (text.find('\0') == std::string::npos) return true;
    complain(place, "a text must not hold \\0");
    return false;
  }

  /// yaml-cpp 0.7 takes the rest of the file for a quoted text whose end is missing.
  void checkQuote(const YAML::Mark& mark, const Place& place) {
    if (mark.is_null() || static_cast<std::size_t>(mark.pos) >= text_.size()) return;
    const char quote = text_[static_cast<std::size_t>(mark.pos)];
    if (quote != '"' && quote != '\'') return;
    for (std::size_t i = static_cast<std::size_t>(mark.pos) + 1; i < text_.size(); ++i) {
      if (quote == '"' && text_[i] == '\\') {
        ++i;
      } else if (text_[i] == quote) {
        if (quote == '\'' && i + 1 < text_.size() && text_[i + 1] == quote)
          ++i;  // '' is a quote inside
        else
          return;
      }
    }
    complain(place, std::string("this quote ") + quote + " is never closed");
  }

  Place placeOf(const YAML::Mark& mark, const Place& around) const {
    if (mark.is_null()) return around;
    return {file_, mark.line + 1, mark.column + 1};
  }
  void complain(const Place& place, std::string message) {
    problems_.push_back({place, std::move(message)});
  }

  const std::string_view text_;
  const std::string& file_;
  std::vector<ConfigProblem>& problems_;
  std::size_t nodes_ = 0;
};

}  // namespace

ConfigNode loadYaml(std::string_view text, const std::string& file,
                    std::vector<ConfigProblem>& problems) {
  const Place start{file, 1, 1};
  ConfigNode empty;
  empty.place = start;
  if (!isUtf8(text)) {  // nor is a NUL
    problems.push_back({start, "this is not a text file in UTF-8"});
    return empty;
  }
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // yaml-cpp does not count it
  if (const auto at = controlAt(text); at != text.npos) {
    const auto before = text.substr(0, at);
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const auto column = at - (before.rfind('\n') + 1) + 1;  // npos + 1 is 0
    problems.push_back({{file, static_cast<int>(line), static_cast<int>(column)},
                        "a control character; write it as an escape in double quotes"});
    return empty;
  }
  try {
    const std::string whole(text);
    const YAML::Node document = YAML::Load(whole);
    if (const auto mark = secondDocument(whole)) {
      const Place place{file, mark->line + 1, mark->column + 1};
      const auto at = static_cast<std::size_t>(mark->pos);
      const bool isComma = at < whole.size() && whole[at] == ',';
      problems.push_back(
          {place, isComma ? "not valid YAML: a comma that separates nothing"
                          : "a second document begins here; the file must hold exactly one"});
    }
    if (!document.IsDefined() || document.IsNull()) return empty;
    return TreeBuilder(text, file, problems).build(document, start, 0);
  } catch (const YAML::Exception& e) {
    const Place place = e.mark.is_null() ? start : Place{file, e.mark.line + 1, e.mark.column + 1};
    problems.push_back({place, "not valid YAML: " + e.msg});
    return empty;
  }
}

}  // namespace planwright

#include "config/section_reader.h"

#include <algorithm>
#include <cmath>

#include "base/glob.h"
#include "config/units.h"

namespace planwright {
namespace {

/// Edits (insert, delete, replace, swap of neighbours) between two short words.
std::size_t editDistance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        cost[i][j] = i + j;
        continue;
      }
      const std::size_t replace = cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, replace});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  }
  return cost[a.size()][b.size()];
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string_view kindName(ConfigNode::Kind kind) {
  using Kind = ConfigNode::Kind;
  switch (kind) {
    case Kind::Null:
      return "nothing";
    case Kind::Bool:
      return "true or false";
    case Kind::Integer:
    case Kind::Real:
      return "a number";
    case Kind::Text:
      return "text";
    case Kind::Secret:
      return "a secret";
    case Kind::List:
      return "a list";
    case Kind::Map:
      return "a map";
  }
  return "";
}

bool isScalar(const ConfigNode& node) {
  using Kind = ConfigNode::Kind;
  return node.kind == Kind::Bool || node.kind == Kind::Integer || node.kind == Kind::Real ||
         node.kind == Kind::Text;
}

std::string expected(std::string_view key, std::string_view what, const ConfigNode& node) {
  const std::string found =
      isScalar(node) ? "\"" + node.text + "\"" : std::string(kindName(node.kind));
  return std::string(key) + " must be " + std::string(what) + ", not " + found;
}

}  // namespace

std::string nearestName(std::string_view word, const std::vector<std::string>& known) {
  if (word.size() > 64) return {};
  std::string best;
  std::size_t bestDistance = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const auto& name : known) {
    const std::size_t distance = editDistance(word, name);
    if (distance < bestDistance && distance < name.size()) {
      best = name;
      bestDistance = distance;
    }
  }
  return best;
}

SectionReader::SectionReader(const ConfigNode* node, std::string what, ConfigProblems& problems)
    : node_(node),
      what_(std::move(what)),
      problems_(problems) {
  if (!node_ || node_->isMap()) return;
  if (!node_->isNull()) complain(*node_, expected(what_, "a map of keys and values", *node_));
  node_ = nullptr;
}

const ConfigNode* SectionReader::value(std::string_view key) {
  known_.emplace_back(key);
  const ConfigNode* found = node_ ? node_->find(key) : nullptr;
  return found && !found->isNull() ? found : nullptr;
}

std::string SectionReader::text(std::string_view key, std::string fallback) {
  const ConfigNode* node = value(key);
  if (!node) return fallback;
  if (isScalar(*node)) return node->text;
  complain(*node, expected(key, "text", *node));
  return fallback;
}

bool SectionReader::flag(std::string_view key, bool fallback) {
  const ConfigNode* node = value(key);
  if (!node) return fallback;
  if (node->kind == ConfigNode::Kind::Bool) return node->flag;
  complain(*node, expected(key, "true or false", *node));
  return fallback;
}

int SectionReader::count(std::string_view key, int fallback, int least, int most) {
  const ConfigNode* node = value(key);
  if (!node) return fallback;
  if (node->kind == ConfigNode::Kind::Integer && node->integer >= least && node->integer <= most)
    return static_cast<int>(node->integer);
  complain(
      *node,
      expected(key, "a whole number from " + std::to_string(least) + " to " + std::to_string(most),
               *node));
  return fallback;
}

double SectionReader::number(std::string_view key, double fallback, double least, double most) {
  const ConfigNode* node = value(key);
  if (!node) return fallback;
  const bool isWhole = node->kind == ConfigNode::Kind::Integer;
  const double number = isWhole ? static_cast<double>(node->integer) : node->real;
  if ((isWhole || node->kind == ConfigNode::Kind::Real) && number >= least && number <= most)
    return number;
  complain(*node, expected(key,
                           "a number from " + std::to_string(std::lround(least)) + " to " +
                               std::to_string(std::lround(most)),
                           *node));
  return fallback;
}

std::chrono::milliseconds SectionReader::duration(std::string_view key,
                                                  std::chrono::milliseconds fallback) {
  return duration(key).value_or(fallback);
}

std::optional<std::chrono::milliseconds> SectionReader::duration(std::string_view key) {
  const ConfigNode* node = value(key);
  if (!node) return std::nullopt;
  const auto parsed = parseDuration(isScalar(*node) ? node->text : kindName(node->kind));
  if (parsed) return *parsed;
  complain(*node, std::string(key) + ": " + parsed.error().message);
  return std::nullopt;
}

std::int64_t SectionReader::size(std::string_view key, std::int64_t fallback) {
  return size(key).value_or(fallback);
}

std::optional<std::int64_t> SectionReader::size(std::string_view key) {
  const ConfigNode* node = value(key);
  if (!node) return std::nullopt;
  const auto parsed = parseSize(isScalar(*node) ? node->text : kindName(node->kind));
  if (parsed) return *parsed;
  complain(*node, std::string(key) + ": " + parsed.error().message);
  return std::nullopt;
}

std::string SectionReader::choice(std::string_view key,
                                  std::initializer_list<std::string_view> choices,
                                  std::string fallback) {
  const ConfigNode* node = value(key);
  if (!node) return fallback;
  const std::vector<std::string> known(choices.begin(), choices.end());
  if (isScalar(*node) && std::find(known.begin(), known.end(), node->text) != known.end())
    return node->text;
  complain(*node, expected(key, "one of " + joined(known), *node));
  return fallback;
}

std::vector<std::string> SectionReader::texts(std::string_view key) {
  const ConfigNode* node = value(key);
  if (!node) return {};
  if (isScalar(*node)) return {node->text};
  if (!node->isList()) {
    complain(*node, expected(key, "a list of texts", *node));
    return {};
  }
  std::vector<std::string> texts;
  for (const auto& item : node->items) {
    if (isScalar(item))
      texts.push_back(item.text);
    else
      complain(item, expected("an entry of " + std::string(key), "text", item));
  }
  return texts;
}

const ConfigNode* SectionReader::section(std::string_view key) {
  const ConfigNode* node = value(key);
  if (!node || node->isMap()) return node;
  complain(*node, expected(key, "a map of keys and values", *node));
  return nullptr;
}

std::vector<const ConfigNode*> SectionReader::sections(std::string_view key) {
  const ConfigNode* node = value(key);
  if (!node) return {};
  if (node->isMap()) return {node};
  std::vector<const ConfigNode*> found;
  if (!node->isList()) complain(*node, expected(key, "a map, or a list of maps", *node));
  for (const auto& item : node->items) {
    if (item.isMap())
      found.push_back(&item);
    else
      complain(item, expected("an entry of " + std::string(key), "a map", item));
  }
  return found;
}

std::string SectionReader::glob(std::string_view key, std::string fallback) {
  std::string pattern = text(key, std::move(fallback));
  if (const std::string why = whyNotGlob(pattern); !why.empty())
    complain(*value(key), std::string(key) + ": " + why);
  return pattern;
}

std::vector<std::string> SectionReader::globs(std::string_view key,
                                              std::vector<std::string> fallback) {
  const ConfigNode* node = value(key);
  if (!node) return fallback;
  std::vector<std::string> patterns = texts(key);
  for (const auto& pattern : patterns)
    if (const std::string why = whyNotGlob(pattern); !why.empty())
      complain(*node, std::string(key) + ": " + why);
  return patterns;
}

void SectionReader::refuse(std::string_view key, const std::string& why) {
  refused_.emplace_back(key);
  const ConfigNode* found = node_ ? node_->find(key) : nullptr;
  if (found && !found->isNull()) complain(*found, std::string(key) + " " + why);
}

void SectionReader::complain(const ConfigNode& at, std::string message) {
  problems_.push_back({at.place, std::move(message)});
}

void SectionReader::finish() {
  if (!node_) return;
  for (const auto& member : node_->members) {
    if (std::find(known_.begin(), known_.end(), member.key) != known_.end()) continue;
    if (std::find(refused_.begin(), refused_.end(), member.key) != refused_.end()) continue;
    const std::string near = nearestName(member.key, known_);
    std::vector<std::string> sorted = known_;
    std::sort(sorted.begin(), sorted.end());
    problems_.push_back({member.keyPlace, "unknown key \"" + member.key + "\" in " + what_ +
                                              (near.empty() ? "; the keys are " + joined(sorted)
                                                            : "; did you mean \"" + near + "\"?")});
  }
}

}  // namespace planwright

#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config_node.h"

namespace planwright {

using ConfigProblems = std::vector<ConfigProblem>;

/// The name of `known` that is nearest to `word`, or empty if none is near enough to be meant.
std::string nearestName(std::string_view word, const std::vector<std::string>& known);

/// Reads one map of the tree, value by value, each with its type. A wrong value becomes a problem
/// with its place and the fallback is returned, so that one run finds every mistake. finish()
/// reports keys nobody asked for. A local of the function that reads the section.
class SectionReader {
 public:
  /// `node` may be null (nothing written: all fallbacks); `what` names the section: "queue
  /// \"wheels\"".
  SectionReader(const ConfigNode* node, std::string what, ConfigProblems& problems);

  /// The value as it stands, or nullptr if absent or null. Marks the key as known.
  const ConfigNode* value(std::string_view key);

  std::string text(std::string_view key, std::string fallback = {});
  bool flag(std::string_view key, bool fallback);
  int count(std::string_view key, int fallback, int least, int most);
  double number(std::string_view key, double fallback, double least, double most);
  std::chrono::milliseconds duration(std::string_view key, std::chrono::milliseconds fallback);
  std::optional<std::chrono::milliseconds> duration(std::string_view key);
  std::int64_t size(std::string_view key, std::int64_t fallback);
  std::optional<std::int64_t> size(std::string_view key);
  std::string choice(std::string_view key, std::initializer_list<std::string_view> choices,
                     std::string fallback);
  /// A list of texts; a single text counts as a list of one.
  std::vector<std::string> texts(std::string_view key);
  /// A map below this one, or nullptr.
  const ConfigNode* section(std::string_view key);
  /// The maps of a list, or the one map that stands instead of the list.
  std::vector<const ConfigNode*> sections(std::string_view key);
  /// A shell wildcard (base/glob.h).
  std::vector<std::string> globs(std::string_view key, std::vector<std::string> fallback);
  std::string glob(std::string_view key, std::string fallback);
  /// A key that people may expect here and that means nothing. `why` says so, and what to do.
  void refuse(std::string_view key, const std::string& why);

  void complain(const ConfigNode& at, std::string message);
  /// Reports every key that was never asked for, with the nearest known name.
  void finish();

 private:
  const ConfigNode* node_;
  const std::string what_;
  ConfigProblems& problems_;
  std::vector<std::string> known_;
  std::vector<std::string> refused_;
};

}  // namespace planwright

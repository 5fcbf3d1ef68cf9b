#include "control/shared_answers.h"

namespace planwright {

namespace {

/// Counts of lists are remembered for a moment (TimedCache), so a list must not outlive them.
constexpr auto kLongest = std::chrono::milliseconds(500);
/// Of some 40 KB each.
constexpr std::size_t kMostKept = 32;

}  // namespace

/// Two equal ones show the same rows: each transaction that wrote is in both or in none.
/// Source: Postgres manual, "System Information Functions", pg_current_snapshot.
std::string SharedAnswers::snapshotOf(Connection& connection) {
  return connection.run("api_snapshot").text(0, "snapshot");
}

std::optional<std::string> SharedAnswers::find(const std::string& key,
                                               const std::string& snapshot) {
  auto kept = kept_.lock();
  const auto at = kept->find(key);
  if (at == kept->end()) return std::nullopt;
  if (at->second.snapshot == snapshot && clock_.steady() < at->second.until) return at->second.json;
  kept->erase(at);
  return std::nullopt;
}

void SharedAnswers::keep(const std::string& key, const std::string& snapshot,
                         const std::string& json) {
  auto kept = kept_.lock();
  if (kept->size() >= kMostKept) kept->clear();
  kept->insert_or_assign(key, Kept{snapshot, json, clock_.steady() + kLongest});
}

}  // namespace planwright

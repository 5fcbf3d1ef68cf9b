#include "stages/quarantine.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/json.h"
#include "base/log.h"
#include "stages/clean_text.h"

namespace planwright {
namespace {

constexpr std::size_t kLastLineBytes = 300;
constexpr std::size_t kShownWordsBytes = 4096;

std::string lastLine(const std::string& words) {
  const auto end = words.find_last_not_of(" \r\n");
  if (end == std::string::npos) return {};
  const auto begin = words.rfind('\n', end);
  const auto from = begin == std::string::npos ? 0 : begin + 1;
  return cleanText(std::string_view(words).substr(from, end + 1 - from), kLastLineBytes);
}

std::string reasonOf(const WorkerDeath& last, std::size_t items) {
  const std::string said = lastLine(last.lastWords);
  return fmt::format(
      "{} {} ({}) is quarantined: its process died on {} different items in a row; at last it "
      "{}{}. "
      "Install another version (planwright plugin reload QUEUE), or try it again: planwright "
      "plugin "
      "release {}",
      last.plugin, last.version, last.digest, items, last.how,
      said.empty() ? "" : " after it printed \"" + said + "\"", last.plugin);
}

}  // namespace

std::string Quarantine::whyNot(const std::string& digest) const {
  auto state = state_.lock();
  if (const auto at = state->known.find(digest); at != state->known.end()) return at->second;
  const auto at = state->fresh.find(digest);
  return at == state->fresh.end() ? std::string() : at->second.reason;
}

void Quarantine::cameBack(const std::string& digest) {
  auto state = state_.lock();
  if (!state->deaths.empty()) state->deaths.erase(digest);
}

void Quarantine::died(const WorkerDeath& death, SteadyTime now) {
  auto state = state_.lock();
  ++state->total[death.plugin];
  auto& counted = state->deaths[death.digest];
  std::erase_if(counted, [&](const Counted& old) {
    return old.at + rule_.window < now || old.death.item == death.item;
  });
  counted.push_back({death, now});
  if (counted.size() < static_cast<std::size_t>(rule_.deaths)) return;
  QuarantinedPlugin plugin{death.plugin, death.version, death.digest,
                           reasonOf(death, counted.size())};
  JsonWriter json;
  json.array();
  for (const auto& each : counted)
    json.object()
        .member("item", each.death.item)
        .member("how", each.death.how)
        .member("last_words", cleanTail(each.death.lastWords, kShownWordsBytes))
        .end();
  plugin.deathsJson = json.end().take();
  log::error("{}", plugin.reason);
  state->deaths.erase(death.digest);
  state->fresh[death.digest] = std::move(plugin);
}

std::vector<QuarantinedPlugin> Quarantine::unwritten() const {
  std::vector<QuarantinedPlugin> all;
  auto state = state_.lock();
  for (const auto& [digest, plugin] : state->fresh) all.push_back(plugin);
  return all;
}

void Quarantine::written(const std::string& digest) {
  auto state = state_.lock();
  const auto at = state->fresh.find(digest);
  if (at == state->fresh.end()) return;
  state->known[digest] = at->second.reason;
  state->fresh.erase(at);
}

void Quarantine::know(std::map<std::string, std::string> reasons) {
  state_.lock()->known = std::move(reasons);
}

std::map<std::string, std::int64_t> Quarantine::takeDeaths() {
  return std::exchange(state_.lock()->total, {});
}

}  // namespace planwright

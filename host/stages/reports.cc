#include "stages/reports.h"

#include <algorithm>
#include <utility>

#include "base/json.h"
#include "stages/clean_text.h"

namespace planwright {
namespace {

bool isEventType(std::string_view text) {
  const auto isAllowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  };
  return !text.empty() && text.size() <= Reports::kTypeBytes &&
         std::all_of(text.begin(), text.end(), isAllowed);
}

}  // namespace

void Reports::event(std::string_view type, std::string_view bodyJson) {
  std::string_view why;
  const auto body = parseJson(bodyJson.empty() ? "{}" : bodyJson.substr(0, kBodyBytes + 1));
  if (!isEventType(type))
    why = "type";
  else if (bodyJson.size() > kBodyBytes)
    why = "size";
  else if (!body || !body->IsObject())
    why = "body";
  if (why.empty()) {
    auto state = state_.lock();
    if (state->events.size() < kMostEvents) {
      state->events.push_back({kReportedPrefix + std::string(type), toJson(*body)});
      return;
    }
    why = "number";
  }
  metrics_.add("planwright_plugin_reports_dropped_total",
               {{"plugin", plugin_}, {"what", "event"}, {"why", why}});
}

void Reports::progress(std::uint64_t done, std::uint64_t total, std::string_view note) {
  constexpr std::uint64_t kMost = std::uint64_t{1} << 53;  // JSON keeps no more
  state_.lock()->progress =
      CallProgress{std::min(done, kMost), std::min(total, kMost), cleanText(note, kNoteBytes)};
}

std::vector<ReportedEvent> Reports::takeEvents() {
  return std::exchange(state_.lock()->events, {});
}

std::optional<CallProgress> Reports::takeProgress() {
  return std::exchange(state_.lock()->progress, std::nullopt);
}

}  // namespace planwright

#include "intake/polled_source.h"

#include <algorithm>
#include <string_view>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include "base/folder_owner.h"
#include "base/json.h"
#include "base/log.h"
#include "config/secret_values.h"
#include "intake/file_names.h"

namespace planwright {
namespace {

constexpr std::chrono::milliseconds kShortestRetry{1'000};
constexpr std::chrono::milliseconds kLongestRetry{60'000};

bool isReadable(int fd) {
  struct pollfd ready {
    fd, POLLIN, 0
  };
  return fd >= 0 && ::poll(&ready, 1, 0) > 0;
}

/// A poll with many blobs takes several transactions, and the last one stores the cursor. After a
/// crash in between, the source reports everything again. The same content of a name is then no new
/// input, but only if the poll has one content for each name.
std::optional<Failure> whyAmbiguous(const std::vector<SourceItem>& items) {
  std::unordered_set<std::string_view> names;
  for (const SourceItem& item : items)
    if (!names.insert(item.name).second && !item.digest.empty())
      return Failure{FailureClass::Bug,
                     fmt::format("The source gave {} twice in one poll. Give one content of a name "
                                 "and a cursor, and the next at the next poll.",
                                 printableName(item.name)),
                     {},
                     {}};
  return std::nullopt;
}

std::string describe(const std::string& source, const std::string& message) {
  return JsonWriter().object().member("message", message).member("source", source).end().take();
}

}  // namespace

PolledSource::PolledSource(const IntakeSettings& settings, std::unique_ptr<StageInstance> source,
                           BlobStore& blobs, const Clock& clock, Metrics& metrics)
    : settings_(settings),
      source_(std::move(source)),
      clock_(clock),
      services_(settings.queue, settings.plugin, blobs,
                {settings.folder.string(), settings.maxBytes}, settings.programs, metrics),
      nextAt_(clock.steady()),
      failures_(kShortestRetry, kLongestRetry) {}

bool PolledSource::isDue() {
  return isNudged_.exchange(false) || clock_.steady() >= nextAt_ || isReadable(fd());
}

bool PolledSource::isBetweenProcesses() const {
  return user() != ::geteuid() && !settings_.folder.empty() && ownerOf(settings_.folder) != user();
}

std::optional<std::vector<SourceItem>> PolledSource::poll(std::string& cursor) {
  StageOutcome found = callSource(cursor);
  for (auto& event : services_.takeEvents()) events_.push_back(std::move(event));
  if (!found.failure) found.failure = whyAmbiguous(found.items);
  if (found.failure) {
    failed(*found.failure);
    return std::nullopt;
  }
  nextAt_ = clock_.steady() + found.next;
  cursor = std::move(found.text);
  worked();
  return std::move(found.items);
}

StageOutcome PolledSource::callSource(const std::string& cursor) {
  auto secrets = readSecretValues(settings_.secrets);
  if (!secrets) {
    StageOutcome refused;
    refused.failure = Failure{FailureClass::Config, secrets.error().message, {}, {}};
    return refused;
  }
  services_.grant(std::move(*secrets));
  StageCall call(services_, settings_.limits);
  const RunningCall<int>::Scope scope(running_, call);
  StageOutcome outcome = source_->poll(cursor, call);
  if (auto over = call.overLimit(outcome.failure.value_or(Failure{})))
    outcome.failure = std::move(over);
  return outcome;
}

/// A reason is reported once only, because a source that is away for a night fails thousands of
/// times.
void PolledSource::failed(const Failure& failure) {
  hasFailed_ = true;
  const auto wait = failures_.next();
  nextAt_ = clock_.steady() +
            (failure.retryAfter.count() > 0 ? std::max(kShortestRetry, failure.retryAfter) : wait);
  std::string message = services_.masked(failure.message);
  if (message == toldFailure_) return;
  log::warn("source failed queue={} source={}: {}", settings_.queue, settings_.source, message);
  events_.push_back({"source.failed", describe(settings_.source, message)});
  toldFailure_ = std::move(message);
}

void PolledSource::worked() {
  hasFailed_ = false;
  failures_.reset();
  if (std::exchange(toldFailure_, {}).empty()) return;
  log::info("source is back queue={} source={}", settings_.queue, settings_.source);
  events_.push_back({"source.back", describe(settings_.source, "The source works again.")});
}

void PolledSource::stop() {
  running_.close(StopReason::Drain);
}

}  // namespace planwright

#include "stages/worker_wire.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <span>
#include <utility>

#include "base/utf8.h"
#include "stages/remote_words.h"

namespace planwright {
namespace {

constexpr std::size_t kPartBytes = std::size_t{1} << 19;
constexpr std::size_t kEntryBytes = 64;  // of an entry's own JSON
constexpr std::int64_t kLongestWaitMs = 24 * 3600 * 1000;

constexpr std::array kKinds = {
    std::pair{ErrorKind::Invalid, "invalid"},    std::pair{ErrorKind::NotFound, "not_found"},
    std::pair{ErrorKind::Gone, "gone"},          std::pair{ErrorKind::Conflict, "conflict"},
    std::pair{ErrorKind::Stale, "stale"},        std::pair{ErrorKind::Forbidden, "forbidden"},
    std::pair{ErrorKind::TooLarge, "too_large"}, std::pair{ErrorKind::Unavailable, "unavailable"},
    std::pair{ErrorKind::Failed, "failed"}};

const char* wordOf(ErrorKind kind) {
  for (const auto& [known, word] : kKinds)
    if (known == kind) return word;
  return "failed";
}

ErrorKind kindFrom(std::string_view word) {
  for (const auto& [kind, known] : kKinds)
    if (word == known) return kind;
  return ErrorKind::Failed;
}

constexpr std::array kCalls = {
    std::pair{Verb::Plan, FrameKind::Plan},       std::pair{Verb::Build, FrameKind::Build},
    std::pair{Verb::Poll, FrameKind::Poll},       std::pair{Verb::Submit, FrameKind::Submit},
    std::pair{Verb::Observe, FrameKind::Observe}, std::pair{Verb::Withdraw, FrameKind::Withdraw}};

std::string metaOfInput(const StageInput& input) {
  JsonWriter json;
  json.object().member("id", input.id).member("name", input.name).member("digest", input.digest);
  json.member("media_type", input.mediaType).member("attributes", input.attributesJson);
  json.member("traceparent", input.traceparent);
  json.member("bytes", input.sizeBytes).member("inline", input.isInline);
  return json.member("attempt", input.attempt).end().take();
}

std::string metaOfJob(const StageJob& job) {
  JsonWriter json;
  json.object().member("id", job.id).member("plan_id", job.planId);
  json.member("plan_digest", job.planDigest).member("spec", job.specJson);
  json.member("token", job.token).member("workdir", job.workdir).member("inputs", job.inputsJson);
  json.member("traceparent", job.traceparent);
  return json.member("attempt", job.attempt).end().take();
}

void writeFailure(JsonWriter& json, const Failure& failure) {
  json.key("failure").object().member("class", toText(failure.kind));
  json.member("message", failure.message).member("details", failure.details);
  json.member("retry_after_ms", static_cast<std::int64_t>(failure.retryAfter.count())).end();
}

std::optional<Failure> failureIn(const JsonValue& meta) {
  const auto* failure = find(meta, "failure");
  if (!failure || !failure->IsObject()) return std::nullopt;
  return Failure{failureClassFrom(textOr(*failure, "class")), textOr(*failure, "message"),
                 textOr(*failure, "details"),
                 std::chrono::milliseconds(numberOr(*failure, "retry_after_ms", 0))};
}

/// The elements of an array, or nothing if it is none.
std::span<const JsonValue> arrayIn(const JsonValue& meta, const char* name) {
  const auto* array = find(meta, name);
  if (!array || !array->IsArray()) return {};
  return {array->Begin(), array->Size()};
}

Result<RemoteState> stateFrom(const JsonValue& json) {
  const auto stage = remoteStageFrom(textOr(json, "state"));
  if (!stage) return invalid("a state is not waiting, running, succeeded, failed or lost");
  return RemoteState{textOr(json, "handle"), *stage, textOr(json, "message"),
                     static_cast<int>(numberOr(json, "exit", -1))};
}

Result<SourceItem> itemFrom(const JsonValue& json) {
  SourceItem item{textOr(json, "name"), textOr(json, "path"), textOr(json, "digest"),
                  textOr(json, "attributes")};
  if (item.name.empty() || item.path.empty() == item.digest.empty())
    return invalid("an item of its poll is not {\"name\", \"path\" or \"digest\"}");
  if (item.attributesJson.empty()) return item;
  const auto attributes = parseJson(item.attributesJson);
  if (!attributes || !attributes->IsObject())
    return invalid("the attributes of " + item.name + " are not a JSON object as text");
  return item;
}

void write(JsonWriter& json, const StageOutcome::Output& output) {
  json.object().member("handle", output.handle).member("name", output.name);
  json.member("digest", output.digest).end();
}

void write(JsonWriter& json, const RemoteState& state) {
  json.object().member("handle", state.handle).member("state", wordOf(state.stage));
  json.member("message", state.message).member("exit", state.exitCode).end();
}

void write(JsonWriter& json, const SourceItem& item) {
  json.object().member("name", item.name).member("path", item.path);
  json.member("digest", item.digest).member("attributes", item.attributesJson).end();
}

std::size_t bytesOf(const StageOutcome::Output& output) {
  return output.handle.size() + output.name.size() + output.digest.size();
}

std::size_t bytesOf(const RemoteState& state) {
  return state.handle.size() + state.message.size();
}

std::size_t bytesOf(const SourceItem& item) {
  return item.name.size() + item.path.size() + item.digest.size() + item.attributesJson.size();
}

/// Empties `list` into one meta after the other. JSON may need six bytes for one.
template <class Entry>
void takePart(std::vector<std::string>& metas, const char* name, std::vector<Entry>& list) {
  for (std::size_t at = 0; at < list.size();) {
    JsonWriter json;
    json.object().key(name).array();
    for (std::size_t bytes = 0; at < list.size() && bytes < kPartBytes; ++at) {
      bytes += bytesOf(list[at]) + kEntryBytes;
      write(json, list[at]);
    }
    metas.push_back(json.end().end().take());
  }
  list.clear();
}

Result<void> addLists(Verb verb, const JsonValue& meta, StageOutcome& outcome) {
  for (const auto& output : arrayIn(meta, "outputs"))
    outcome.outputs.push_back(
        {textOr(output, "name"), textOr(output, "digest"), textOr(output, "handle")});
  if (verb == Verb::Observe)
    for (const auto& state : arrayIn(meta, "states")) {
      auto read = stateFrom(state);
      if (!read) return read.error();
      outcome.states.push_back(std::move(*read));
    }
  if (verb == Verb::Poll)
    for (const auto& item : arrayIn(meta, "items")) {
      auto read = itemFrom(item);
      if (!read) return read.error();
      outcome.items.push_back(std::move(*read));
    }
  return {};
}

}  // namespace

Result<JsonDocument> metaOf(const Frame& frame) {
  return parseJson(frame.meta.empty() ? "{}" : std::string_view(frame.meta));
}

FrameKind kindOf(Verb verb) {
  return kCalls[static_cast<std::size_t>(verb)].second;
}

std::optional<Verb> verbOf(FrameKind kind) {
  for (const auto& [verb, known] : kCalls)
    if (kind == known) return verb;
  return std::nullopt;
}

std::string toMeta(const StageRequest& request) {
  if (request.input) return metaOfInput(*request.input);
  return request.job ? metaOfJob(*request.job) : "{}";
}

std::string_view dataOf(const StageRequest& request) {
  return request.input ? std::string_view(request.input->content) : request.text;
}

std::string toMeta(const StageOutcome& outcome, bool isTired) {
  JsonWriter json;
  json.object();
  if (isTired) json.member("tired", true);
  if (outcome.failure) writeFailure(json, *outcome.failure);
  json.member("next_ms", static_cast<std::int64_t>(outcome.next.count())).key("outputs").array();
  for (const auto& output : outcome.outputs) write(json, output);
  json.end().key("states").array();
  for (const auto& state : outcome.states) write(json, state);
  json.end().key("items").array();
  for (const auto& item : outcome.items) write(json, item);
  return json.end().end().take();
}

std::vector<std::string> takeParts(StageOutcome& outcome) {
  const auto add = [](std::size_t sum, const auto& entry) { return sum + bytesOf(entry); };
  const auto bytesIn = [&](const auto& list) {
    return std::accumulate(list.begin(), list.end(), std::size_t{0}, add);
  };
  std::vector<std::string> metas;
  if (bytesIn(outcome.outputs) + bytesIn(outcome.states) + bytesIn(outcome.items) <= kPartBytes)
    return metas;
  takePart(metas, "outputs", outcome.outputs);
  takePart(metas, "states", outcome.states);
  takePart(metas, "items", outcome.items);
  return metas;
}

std::string toMeta(const Error& error) {
  JsonWriter json;
  json.object().key("error").object().member("kind", wordOf(error.kind));
  return json.member("message", error.message).end().end().take();
}

Result<StageInput> inputFrom(Frame frame) {
  const auto meta = metaOf(frame);
  if (!meta) return meta.error();
  StageInput input;
  input.id = textOr(*meta, "id");
  input.name = textOr(*meta, "name");
  input.digest = textOr(*meta, "digest");
  input.mediaType = textOr(*meta, "media_type");
  input.attributesJson = textOr(*meta, "attributes");
  input.traceparent = textOr(*meta, "traceparent");
  input.sizeBytes = numberOr(*meta, "bytes", 0);
  input.isInline = boolOr(*meta, "inline", false);
  input.attempt = static_cast<int>(numberOr(*meta, "attempt", 1));
  input.content = std::move(frame.data);
  return input;
}

Result<StageJob> jobFrom(const Frame& frame) {
  const auto meta = metaOf(frame);
  if (!meta) return meta.error();
  StageJob job;
  job.id = textOr(*meta, "id");
  job.planId = textOr(*meta, "plan_id");
  job.planDigest = textOr(*meta, "plan_digest");
  job.specJson = textOr(*meta, "spec");
  job.token = textOr(*meta, "token");
  job.workdir = textOr(*meta, "workdir");
  job.inputsJson = textOr(*meta, "inputs");
  job.traceparent = textOr(*meta, "traceparent");
  job.attempt = static_cast<int>(numberOr(*meta, "attempt", 1));
  return job;
}

Result<StageOutcome> outcomeFrom(Verb verb, Frame frame) {
  const auto meta = metaOf(frame);
  if (!meta) return meta.error();
  StageOutcome outcome;
  outcome.failure = failureIn(*meta);
  outcome.next = std::chrono::milliseconds(
      std::clamp<std::int64_t>(numberOr(*meta, "next_ms", 1000), 0, kLongestWaitMs));
  if (auto ok = addLists(verb, *meta, outcome); !ok) return ok.error();
  if (verb == Verb::Poll && (!isUtf8(frame.data) || frame.data.find('\0') != frame.data.npos))
    return invalid("the cursor of its poll is not UTF-8 text");
  outcome.text = std::move(frame.data);
  return outcome;
}

Result<void> addPart(Verb verb, const Frame& frame, StageOutcome& outcome) {
  const auto meta = metaOf(frame);
  if (!meta) return meta.error();
  return addLists(verb, *meta, outcome);
}

std::optional<Error> errorFrom(const Frame& frame) {
  const auto meta = metaOf(frame);
  if (!meta) return meta.error();
  const auto* error = find(*meta, "error");
  if (!error) return std::nullopt;
  return Error{kindFrom(textOr(*error, "kind")), textOr(*error, "message"), {}, {}};
}

}  // namespace planwright

#include "stages/worker_wire.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/utf8.h"
#include "stages/remote_words.h"

namespace planwright {
namespace {

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

void writeEnd(JsonWriter& json, const std::optional<Failure>& failure, bool isTired) {
  if (isTired) json.member("tired", true);
  if (!failure) return;
  json.key("failure").object().member("class", toText(failure->kind));
  json.member("message", failure->message).member("details", failure->details);
  json.member("retry_after_ms", static_cast<std::int64_t>(failure->retryAfter.count())).end();
}

std::optional<Failure> failureIn(const JsonValue& meta) {
  const auto* failure = find(meta, "failure");
  if (!failure || !failure->IsObject()) return std::nullopt;
  return Failure{failureClassFrom(textOr(*failure, "class")), textOr(*failure, "message"),
                 textOr(*failure, "details"),
                 std::chrono::milliseconds(numberOr(*failure, "retry_after_ms", 0))};
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

}  // namespace

Result<JsonDocument> metaOf(const Frame& frame) {
  return parseJson(frame.meta.empty() ? "{}" : std::string_view(frame.meta));
}

std::string toMeta(const StageInput& input) {
  JsonWriter json;
  json.object().member("id", input.id).member("name", input.name).member("digest", input.digest);
  json.member("media_type", input.mediaType).member("attributes", input.attributesJson);
  json.member("traceparent", input.traceparent);
  json.member("bytes", input.sizeBytes).member("inline", input.isInline);
  return json.member("attempt", input.attempt).end().take();
}

std::string toMeta(const StageJob& job) {
  JsonWriter json;
  json.object().member("id", job.id).member("plan_id", job.planId);
  json.member("plan_digest", job.planDigest).member("spec", job.specJson);
  json.member("token", job.token).member("workdir", job.workdir).member("inputs", job.inputsJson);
  json.member("traceparent", job.traceparent);
  return json.member("attempt", job.attempt).end().take();
}

std::string toMeta(const SourcePoll& poll, bool isTired) {
  JsonWriter json;
  json.object();
  writeEnd(json, poll.failure, isTired);
  json.member("next_ms", static_cast<std::int64_t>(poll.nextPoll.count())).key("items").array();
  for (const auto& item : poll.items)
    json.object()
        .member("name", item.name)
        .member("path", item.path)
        .member("digest", item.digest)
        .member("attributes", item.attributesJson)
        .end();
  return json.end().end().take();
}

std::string toMeta(const StageOutcome& outcome, bool isTired) {
  JsonWriter json;
  json.object();
  writeEnd(json, outcome.failure, isTired);
  json.key("outputs").array();
  for (const auto& output : outcome.outputs)
    json.object().member("name", output.name).member("digest", output.digest).end();
  return json.end().end().take();
}

std::string toMeta(const RemoteLook& look, bool isTired) {
  JsonWriter json;
  json.object();
  writeEnd(json, look.failure, isTired);
  json.member("next_ms", static_cast<std::int64_t>(look.nextLook.count())).key("outputs").array();
  for (const auto& [handle, output] : look.outputs)
    json.object()
        .member("handle", handle)
        .member("name", output.name)
        .member("digest", output.digest)
        .end();
  json.end().key("states").array();
  for (const auto& state : look.states)
    json.object()
        .member("handle", state.handle)
        .member("state", wordOf(state.stage))
        .member("message", state.message)
        .member("exit", state.exitCode)
        .end();
  return json.end().end().take();
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

Result<StageOutcome> outcomeFrom(Frame frame) {
  const auto meta = metaOf(frame);
  if (!meta) return meta.error();
  StageOutcome outcome;
  outcome.failure = failureIn(*meta);
  const auto* outputs = find(*meta, "outputs");
  if (outputs && outputs->IsArray())
    for (const auto& output : outputs->GetArray())
      outcome.outputs.push_back({textOr(output, "name"), textOr(output, "digest")});
  outcome.document = std::move(frame.data);
  return outcome;
}

Result<SourcePoll> pollFrom(Frame frame) {
  const auto meta = metaOf(frame);
  if (!meta) return meta.error();
  SourcePoll poll;
  poll.failure = failureIn(*meta);
  poll.nextPoll = std::chrono::milliseconds(
      std::clamp<std::int64_t>(numberOr(*meta, "next_ms", 1000), 0, kLongestWaitMs));
  const auto* items = find(*meta, "items");
  if (items && items->IsArray())
    for (const auto& item : items->GetArray()) {
      auto read = itemFrom(item);
      if (!read) return read.error();
      poll.items.push_back(std::move(*read));
    }
  if (!isUtf8(frame.data) || frame.data.find('\0') != frame.data.npos)
    return invalid("the cursor of its poll is not UTF-8 text");
  poll.cursor = std::move(frame.data);
  return poll;
}

Result<RemoteLook> lookFrom(const Frame& frame) {
  const auto meta = metaOf(frame);
  if (!meta) return meta.error();
  RemoteLook look;
  look.failure = failureIn(*meta);
  look.nextLook = std::chrono::milliseconds(numberOr(*meta, "next_ms", 1000));
  if (const auto* outputs = find(*meta, "outputs"); outputs && outputs->IsArray())
    for (const auto& output : outputs->GetArray())
      look.outputs.push_back(
          {textOr(output, "handle"), {textOr(output, "name"), textOr(output, "digest")}});
  const auto* states = find(*meta, "states");
  if (!states || !states->IsArray()) return look;
  for (const auto& state : states->GetArray()) {
    const auto stage = remoteStageFrom(textOr(state, "state"));
    if (!stage) return invalid("a state is not waiting, running, succeeded, failed or lost");
    look.states.push_back({textOr(state, "handle"), *stage, textOr(state, "message"),
                           static_cast<int>(numberOr(state, "exit", -1))});
  }
  return look;
}

std::optional<Error> errorFrom(const Frame& frame) {
  const auto meta = metaOf(frame);
  if (!meta) return meta.error();
  const auto* error = find(*meta, "error");
  if (!error) return std::nullopt;
  return Error{kindFrom(textOr(*error, "kind")), textOr(*error, "message"), {}, {}};
}

}  // namespace planwright

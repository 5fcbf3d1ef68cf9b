#include "intake/postgres_recorder.h"

#include <unordered_map>

#include "base/failpoints.h"
#include "base/hex.h"
#include "base/json.h"
#include "base/log.h"
#include "base/unavailable.h"
#include "store/blobs.h"
#include "store/pg_array.h"

namespace planwright {
namespace {

std::optional<std::string> hexContent(const StagedBlob& blob) {
  return blob.content ? std::optional(toHex(*blob.content)) : std::nullopt;
}

/// An input that was claimed as it was recorded.
ClaimedInput firstClaim(const RecordedFile& file, InputId id) {
  ClaimedInput claim;
  claim.id = id;
  claim.fence = 1;
  claim.attempt = 1;
  claim.filename = file.name;
  claim.digest = file.blob.digest.text();
  claim.sizeBytes = file.blob.sizeBytes;
  claim.attributesJson = file.attributesJson;
  claim.content = file.blob.content;
  return claim;
}

}  // namespace

PostgresRecorder::PostgresRecorder(std::shared_ptr<SourceSession> session,
                                   std::unique_ptr<Tickets> tickets, Bell& bell,
                                   const Membership& membership, int maxAttempts,
                                   NextStage<ClaimedInput>* planning)
    : connection_(std::move(session)),
      tickets_(std::move(tickets)),
      bell_(bell),
      membership_(membership),
      maxAttempts_(maxAttempts),
      planning_(planning) {}

PostgresRecorder::~PostgresRecorder() {
  if (session_ == 0) return;
  try {
    run("source_unlock", {queue_, source_, session_});
  } catch (const std::runtime_error& e) {  // the lock ended with the session
    log::debug("gave up a source with its session queue={}: {}", queue_, e.what());
  }
}

bool PostgresRecorder::isHolder(std::string_view queue, std::string_view source) {
  const Rows rows = run("source_lock", {queue, source, membership_.instance()});
  session_ = rows.number(0, "session");
  queue_ = queue;
  source_ = source;
  return session_ != 0;
}

RecordResult PostgresRecorder::record(const RecordBatch& batch) {
  const bool isKnown = session_ != 0 && queue_ == batch.queue && source_ == batch.source;
  if (!isKnown && !isHolder(batch.queue, batch.source)) return {false, {}};
  Seats<ClaimedInput> seats(planning_, batch.files.size());
  const Rows rows = write(batch, seats.count());
  if (rows.size() < batch.files.size()) {  // another session: the source may be another's by now
    session_ = 0;
    return {false, {}};
  }
  std::unordered_map<std::string, std::size_t> rowOf;
  for (std::size_t i = 0; i < rows.size(); ++i) rowOf[rows.text(i, "filename")] = i;
  RecordResult result;
  std::vector<std::int64_t> tickets;
  std::vector<ClaimedInput> claimed;
  for (const auto& file : batch.files) {
    const std::size_t row = rowOf.at(file.name);
    const std::int64_t id = rows.number(row, "id");
    const bool isNew = id != 0;
    const bool isQueued = rows.flag(row, "queued");
    const bool isClaimed = rows.flag(row, "claimed");
    result.outcomes.push_back(isNew ? RecordOutcome::Recorded : RecordOutcome::Unchanged);
    if (isNew) log::info("recorded input={} file={} queued={}", id, file.name, isQueued);
    if (isClaimed)
      claimed.push_back(firstClaim(file, InputId{id}));
    else if (isQueued)
      tickets.push_back(id);
  }
  seats.fill(std::move(claimed));
  pushTickets(batch.queue, tickets);
  bell_.ring();
  return result;
}

/// A row per file; none when this session does not hold the source.
Rows PostgresRecorder::write(const RecordBatch& batch, std::size_t seats) {
  PgArray names, digests, sizes, contents, stats, attributes;
  for (const auto& file : batch.files) {
    names.add(file.name);
    digests.add(file.blob.digest.text());
    sizes.add(file.blob.sizeBytes);
    contents.add(hexContent(file.blob));
    stats.add(file.signature.text());
    attributes.add(file.attributesJson.empty() ? std::nullopt : std::optional(file.attributesJson));
  }
  const std::int64_t instance = seats > 0 ? membership_.instance() : 0;
  failpoint("intake.record.before");
  Rows rows;
  {
    auto held = connection_->lock();
    Connection& connection = **held;
    std::unique_ptr<Transaction> transaction;
    if (batch.cursor) transaction = std::make_unique<Transaction>(connection);
    if (!batch.files.empty())
      rows = connection.run("record_inputs",
                            {names.take(), digests.take(), sizes.take(), contents.take(),
                             stats.take(), attributes.take(), batch.queue, batch.source,
                             maxAttempts_, batch.policy == OverwritePolicy::Latest, std::nullopt,
                             session_, instance, static_cast<std::int64_t>(seats)});
    if (rows.size() == batch.files.size() && batch.cursor)
      connection.run("source_cursor_set", {batch.queue, batch.source, *batch.cursor, session_});
    if (transaction) transaction->commit();
  }
  failpoint("intake.record.after");
  return rows;
}

void PostgresRecorder::pushTickets(const std::string& queue,
                                   const std::vector<std::int64_t>& inputs) {
  if (inputs.empty()) return;
  try {
    tickets_->push(planList(queue), inputs);
  } catch (const Unavailable& e) {  // the rows are committed: an idle slot or reconcile finds them
    log::debug("no tickets pushed queue={}: {}", queue, e.what());
  }
}

std::vector<KnownFile> PostgresRecorder::known(std::string_view queue, std::string_view) {
  const Rows rows = run("known_files", {queue});
  std::vector<KnownFile> files;
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (const auto signature = StatSignature::parse(rows.text(i, "stat")))
      files.push_back({rows.text(i, "filename"), *signature});
  return files;
}

std::string PostgresRecorder::cursor(std::string_view queue, std::string_view source) {
  const Rows rows = run("source_cursor", {queue, source});
  return rows.empty() ? std::string() : rows.text(0, "cursor");
}

void PostgresRecorder::refused(std::string_view queue, std::string_view name,
                               std::string_view reason) {
  const std::string body =
      JsonWriter().object().member("filename", name).member("reason", reason).end().take();
  run("source_event", {queue, "source/" + std::string(name), "file.refused", "warning", body});
  log::warn("refused file={} queue={}: {}", name, queue, reason);
  bell_.ring();
}

void PostgresRecorder::sourceEvent(std::string_view queue, std::string_view type,
                                   std::string_view level, std::string_view bodyJson) {
  run("source_event", {queue, "queue/" + std::string(queue), type, level, bodyJson});
  bell_.ring();
}

}  // namespace planwright

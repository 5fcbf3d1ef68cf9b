#include "intake/postgres_recorder.h"

#include <unordered_map>

#include "base/failpoints.h"
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

std::string_view levelOf(std::string_view type) {
  return type.find("missing") != std::string_view::npos ||
                 type.find("gone") != std::string_view::npos
             ? "warning"
             : "info";
}

}  // namespace

PostgresRecorder::PostgresRecorder(const Database& database, std::unique_ptr<Tickets> tickets,
                                   Bell& bell, const Membership& membership, int maxAttempts)
    : connection_(database.dedicated()),
      tickets_(std::move(tickets)),
      bell_(bell),
      membership_(membership),
      maxAttempts_(maxAttempts) {}

bool PostgresRecorder::isHolder(std::string_view queue, std::string_view source) {
  return connection_->run("source_lock", {queue, source, membership_.instance()}).flag(0, 0);
}

RecordResult PostgresRecorder::record(const RecordBatch& batch) {
  RecordResult result;
  if (!isHolder(batch.queue, batch.source)) return {false, {}};
  PgArray names, digests, sizes, contents, stats, attributes;
  for (const auto& file : batch.files) {
    names.add(file.name);
    digests.add(file.blob.digest.text());
    sizes.add(file.blob.sizeBytes);
    contents.add(hexContent(file.blob));
    stats.add(file.signature.text());
    attributes.add(file.attributesJson.empty() ? std::nullopt : std::optional(file.attributesJson));
  }
  failpoint("intake.record.before");
  std::unique_ptr<Transaction> transaction;
  if (batch.cursor) transaction = std::make_unique<Transaction>(*connection_);
  Rows rows;
  if (!batch.files.empty())
    rows = connection_->run(
        "record_inputs", {names.take(), digests.take(), sizes.take(), contents.take(), stats.take(),
                          attributes.take(), batch.queue, batch.source, maxAttempts_,
                          batch.policy == OverwritePolicy::Latest, std::nullopt});
  if (batch.cursor)
    connection_->run("source_cursor_set", {batch.queue, batch.source, *batch.cursor});
  if (transaction) transaction->commit();
  failpoint("intake.record.after");
  std::unordered_map<std::string, bool> isNew;
  std::vector<std::int64_t> tickets;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    isNew[rows.text(i, 0)] = rows.number(i, 1) != 0;
    if (rows.flag(i, 3)) tickets.push_back(rows.number(i, 1));
    if (rows.number(i, 1) != 0)
      log::info("recorded input={} file={} queued={}", rows.number(i, 1), rows.text(i, 0),
                rows.flag(i, 3));
  }
  for (const auto& file : batch.files)
    result.outcomes.push_back(isNew[file.name] ? RecordOutcome::Recorded
                                               : RecordOutcome::Unchanged);
  if (!tickets.empty()) {
    try {
      tickets_->push(planList(batch.queue), tickets);
    } catch (
        const Unavailable& e) {  // the rows are committed: an idle slot or reconcile finds them
      log::debug("no tickets pushed queue={}: {}", batch.queue, e.what());
    }
  }
  bell_.ring();
  return result;
}

std::vector<KnownFile> PostgresRecorder::known(std::string_view queue, std::string_view) {
  const Rows rows = connection_->run("known_files", {queue});
  std::vector<KnownFile> files;
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (const auto signature = StatSignature::parse(rows.text(i, 1)))
      files.push_back({rows.text(i, 0), *signature});
  return files;
}

std::string PostgresRecorder::cursor(std::string_view queue, std::string_view source) {
  const Rows rows = connection_->run("source_cursor", {queue, source});
  return rows.empty() ? std::string() : rows.text(0, 0);
}

void PostgresRecorder::refused(std::string_view queue, std::string_view name,
                               std::string_view reason) {
  const std::string body =
      JsonWriter().object().member("filename", name).member("reason", reason).end().take();
  connection_->run("source_event",
                   {queue, "source/" + std::string(name), "file.refused", "warning", body});
  log::warn("refused file={} queue={}: {}", name, queue, reason);
  bell_.ring();
}

void PostgresRecorder::sourceEvent(std::string_view queue, std::string_view type,
                                   std::string_view bodyJson) {
  connection_->run("source_event",
                   {queue, "queue/" + std::string(queue), type, levelOf(type), bodyJson});
  bell_.ring();
}

}  // namespace planwright

#include "upkeep/blob_collector.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <unordered_set>

#include "base/failpoints.h"
#include "base/log.h"
#include "store/pg_array.h"
#include "upkeep/slow_removal.h"

namespace planwright {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kBlobsPerLook = 50'000;  // blobs in memory
constexpr std::size_t kRows = 500;              // in one statement

/// Calls `take` with arrays of at most kRows digests, in their order: rows lock in it.
void forSlices(std::vector<std::string>& digests,
               const std::function<void(const std::string&)>& take) {
  std::sort(digests.begin(), digests.end());
  for (std::size_t at = 0; at < digests.size(); at += kRows) {
    PgArray slice;
    for (std::size_t i = at; i < std::min(digests.size(), at + kRows); ++i) slice.add(digests[i]);
    take(slice.take());
  }
}

std::optional<std::int64_t> numberIn(const std::string& text) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return number;
}

}  // namespace

std::string BlobCollector::graceSeconds() const {
  return std::to_string(static_cast<double>(parts_.grace.count()) / 1000);
}

BlobCollector::Collected BlobCollector::collect(const std::stop_token& stop) {
  Collected done;
  parts_.connection.run("retention_without_time_limit");
  parts_.connection.run("spare_blobs");
  while (!stop.stop_requested() && collectRows(done)) {
  }
  collectFiles(stop, done);
  collectLogs(stop, done);
  if (done.blobs + done.files + done.logs > 0)
    log::info("collected blobs={} bytes={} files={} logs={}", done.blobs, done.bytes, done.files,
              done.logs);
  parts_.metrics.add("planwright_collected_total", {{"kind", "blob"}},
                     static_cast<double>(done.blobs));
  parts_.metrics.add("planwright_collected_total", {{"kind", "file"}},
                     static_cast<double>(done.files + done.logs));
  return done;
}

/// One look at all rows, then what follows from it in slices. True: there may be more.
bool BlobCollector::collectRows(Collected& done) {
  const Rows found = parts_.connection.run("unreached_blobs", {graceSeconds(), kBlobsPerLook});
  std::vector<std::string> due, fresh;
  for (std::size_t i = 0; i < found.size(); ++i) {
    // These blobs were marked as doomed in an earlier round, so this look began after the mark was
    // committed.
    if (found.flag(i, "is_due")) due.push_back(found.text(i, "digest"));
    if (found.flag(i, "is_fresh")) fresh.push_back(found.text(i, "digest"));
  }
  forSlices(due, [&](const std::string& digests) {
    failpoint("gc.delete.before");
    const Rows gone = parts_.connection.run("collect_blobs", {digests, graceSeconds()});
    failpoint("gc.delete.after");
    for (std::size_t i = 0; i < gone.size(); ++i) done.bytes += gone.number(i, "size");
    done.blobs += static_cast<std::int64_t>(gone.size());
  });
  forSlices(fresh, [&](const std::string& digests) {
    failpoint("gc.doom.before");
    done.doomed += static_cast<std::int64_t>(parts_.connection.run("doom_blobs", {digests}).size());
    failpoint("gc.doom.after");
  });
  return found.size() == kBlobsPerLook && due.size() + fresh.size() > 0;
}

std::vector<Digest> BlobCollector::filesWithoutRow(int part, fs::file_time_type since) {
  auto files = parts_.folder.untouched(part, since);
  std::unordered_set<std::string> known;
  for (std::size_t at = 0; at < files.size(); at += kRows) {
    PgArray digests;
    for (std::size_t i = at; i < std::min(files.size(), at + kRows); ++i)
      digests.add(files[i].text());
    const Rows rows = parts_.connection.run("blobs_among", {digests.take()});
    for (std::size_t i = 0; i < rows.size(); ++i) known.insert(rows.text(i, "digest"));
  }
  std::erase_if(files, [&](const Digest& digest) { return known.contains(digest.text()); });
  return files;
}

void BlobCollector::collectFiles(const std::stop_token& stop, Collected& done) {
  parts_.folder.emptyTrash();
  const auto since = parts_.folder.now() - parts_.grace;
  for (int part = 0; part < FolderBlobs::kParts; ++part)
    for (const auto& digest : filesWithoutRow(part, since)) {
      if (parts_.folder.discard(digest, since)) ++done.files;
      if (!sleepFor(kBetweenRemovals, stop)) return;
    }
}

/// Files of attempts whose rows were pruned while nobody deleted the files.
void BlobCollector::collectLogs(const std::stop_token& stop, Collected& done) {
  const auto since = parts_.folder.now() - parts_.grace;
  std::vector<std::int64_t> old;
  std::error_code gone;
  for (const auto& entry : fs::directory_iterator(parts_.folder.logs(), gone)) {
    const auto written = entry.last_write_time(gone);
    if (entry.path().extension() == ".part" && !gone && written < since)
      fs::remove(entry.path(), gone);  // a crash left it
    const auto attempt = numberIn(entry.path().filename().string());
    if (attempt && !gone && written < since) old.push_back(*attempt);
  }
  for (std::size_t at = 0; at < old.size(); at += kRows) {
    PgArray ids;
    const std::size_t end = std::min(old.size(), at + kRows);
    for (std::size_t i = at; i < end; ++i) ids.add(old[i]);
    const Rows rows = parts_.connection.run("attempts_among", {ids.take()});
    std::unordered_set<std::int64_t> known;
    for (std::size_t i = 0; i < rows.size(); ++i) known.insert(rows.number(i, "id"));
    for (std::size_t i = at; i < end; ++i) {
      if (known.contains(old[i])) continue;
      if (!removeSlowly(parts_.folder.logs() / std::to_string(old[i]), stop)) return;
      ++done.logs;
    }
  }
}

BlobCollector::Unreached BlobCollector::look(const std::stop_token& stop) {
  parts_.connection.run("retention_without_time_limit");
  const Rows rows = parts_.connection.run("unreached_counts", {graceSeconds()});
  Unreached found{rows.number(0, "blobs"), rows.number(0, "bytes"), rows.number(0, "due"),
                  rows.number(0, "due_bytes"), 0};
  const auto since = parts_.folder.now() - parts_.grace;
  for (int part = 0; part < FolderBlobs::kParts && !stop.stop_requested(); ++part)
    found.dueFiles += static_cast<std::int64_t>(filesWithoutRow(part, since).size());
  return found;
}

BlobCollector::Explanation BlobCollector::explain(const Digest& digest) {
  parts_.connection.run("retention_without_time_limit");
  Explanation found;
  const Rows blob = parts_.connection.run("explain_blob", {digest.text()});
  if (!blob.empty()) {
    found.isKnown = true;
    found.sizeBytes = blob.number(0, "size");
    found.isLarge = blob.flag(0, "is_large");
    found.doomedSince = blob.text(0, "doomed_since");
  }
  const Rows users = parts_.connection.run("blob_users_of", {digest.text(), 100});
  for (std::size_t i = 0; i < users.size(); ++i)
    found.users.push_back({users.text(i, "kind"), users.number(i, "id")});
  return found;
}

}  // namespace planwright

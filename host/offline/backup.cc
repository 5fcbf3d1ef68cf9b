#include "offline/backup.h"

#include <ostream>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/files.h"
#include "base/log.h"
#include "base/threads.h"
#include "embedded/postgres_programs.h"
#include "offline/backup_files.h"
#include "offline/installation.h"
#include "offline/kept_files.h"
#include "upkeep/retention.h"

namespace planwright {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kPage = 1000;
constexpr int kPartlyDone = 8;

/// Nothing must be deleted while blobs are copied.
std::unique_ptr<RetentionLock> lockOutRemoval(Connection& connection, std::ostream& err) {
  for (bool said = false;; said = true) {
    auto lock = std::make_unique<RetentionLock>(connection);
    if (*lock) return lock;
    if (!said) err << "waiting until a host has finished deleting old blobs ...\n";
    sleepFor(std::chrono::milliseconds(200), {});
  }
}

/// Every large blob of the snapshot. Gives how many are lost.
std::int64_t copyBlobs(Connection& snapshot, BlobStore& from, const fs::path& folder,
                       BackupInfo& info, std::ostream& err) {
  std::int64_t lost = 0;
  fs::create_directory(folder / "blobs");
  std::string last;
  for (;;) {
    const Rows rows = snapshot.run("backup_blobs", {last, kPage});
    for (std::size_t i = 0; i < rows.size(); ++i) {
      last = rows.text(i, "digest");
      const Digest digest = *Digest::parse(last);
      auto blob = from.open(digest);
      if (!blob && isLostBlob(blob.error())) {
        err << fmt::format(
            "{} It is not in the backup; `planwright gc --explain {}` says who needs it.\n",
            blob.error().message, last);
        ++lost;
        continue;
      }
      if (!blob) throw std::runtime_error(blob.error().message);
      const fs::path target = blobIn(folder, digest);
      fs::create_directory(target.parent_path());
      if (copyFile(blob->get(), target) != digest)
        throw std::runtime_error(
            fmt::format("The bytes of {} changed while they were copied. Try again.", last));
      ++info.blobs;
      info.bytes += rows.number(i, "size");
    }
    if (rows.size() < kPage) return lost;
  }
}

void copyLogs(const fs::path& from, const fs::path& to) {
  fs::create_directory(to);
  std::error_code gone;  // an attempt that is only starting, or one that was just pruned
  for (const auto& entry : fs::directory_iterator(from, gone))
    fs::copy_file(entry.path(), to / entry.path().filename(), gone);
}

}  // namespace

int backup(const Config& config, const fs::path& folder, std::ostream& out, std::ostream& err) {
  if (fs::exists(folder) && !fs::is_empty(folder)) {
    err << fmt::format("planwright: {} is not empty; name a folder that is, or a new one\n",
                       folder.string());
    return 5;
  }
  Installation here(config);
  fs::create_directories(folder);
  fs::permissions(folder, fs::perms::owner_all);  // inputs may be nobody else's business

  const auto guard = here.database().dedicated(Workload::Queries);
  const auto lock = lockOutRemoval(*guard, err);
  const auto snapshot = here.database().dedicated(Workload::Queries);
  snapshot->run("retention_without_time_limit");
  Transaction moment(*snapshot);
  snapshot->run("backup_snapshot");
  const Rows begin = snapshot->run("backup_begin");
  BackupInfo info;
  info.program = PLANWRIGHT_VERSION;
  info.serverMajor = postgresMajor(begin.number(0, "server"));
  info.schema = begin.text(0, "schema");
  info.madeAt = toRfc3339(SystemClock().now());

  const fs::path rows = folder / "rows.dump";
  const auto dumped = runPostgresProgram(
      "pg_dump", info.serverMajor, here.database().url(),
      {"--format=custom", "--no-owner", "--no-privileges", "--exclude-schema=planwright_fn_*",
       "--snapshot=" + begin.text(0, "snapshot"), "--file=" + fs::absolute(rows).string()});
  if (!dumped) throw std::runtime_error(dumped.error().message);
  info.rowsDigest = digestOfFile(rows).text();
  const std::int64_t lost = copyBlobs(*snapshot, here.blobs(), folder, info, err);
  copyLogs(here.folder().logs(), folder / "logs");
  if (!config.file.empty()) fs::copy_file(config.file, folder / "config.yaml");
  KeptFiles(here.dataFolder(), config.file).copyTo(folder, info);
  replaceFile(folder / "backup.json", info.json() + "\n", 0600);
  out << fmt::format("backed up to {}: rows, and {} large blobs of {} bytes\n", folder.string(),
                     info.blobs, info.bytes);
  return lost > 0 ? kPartlyDone : 0;
}

}  // namespace planwright

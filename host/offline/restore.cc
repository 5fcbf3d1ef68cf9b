#include <algorithm>
#include <ostream>

#include <fcntl.h>
#include <fmt/format.h>

#include "artifacts/folder_blobs.h"
#include "base/data_folder.h"
#include "embedded/embedded_services.h"
#include "embedded/postgres_programs.h"
#include "embedded/service_account.h"
#include "offline/backup.h"
#include "offline/backup_files.h"
#include "offline/kept_files.h"
#include "offline/restore_mark.h"
#include "store/database.h"
#include "store/sql.h"

namespace planwright {
namespace {

namespace fs = std::filesystem;

/// Why this program cannot take the backup, or nothing.
std::string whyNot(const BackupInfo& info) {
  if (info.format != BackupInfo::kFormat)
    return fmt::format(
        "The backup has format {}, this program reads {}; use planwright {} or newer.", info.format,
        BackupInfo::kFormat, info.program);
  const auto& known = sql::migrations();
  const bool isKnown = std::any_of(known.begin(), known.end(), [&](const auto& migration) {
    return migration.name == info.schema;
  });
  if (isKnown) return {};
  return fmt::format(
      "The backup was made by planwright {}, whose schema {} this program ({}) does not know; use "
      "that version or a newer one.",
      info.program, info.schema, PLANWRIGHT_VERSION);
}

void checkDigests(const fs::path& folder, const BackupInfo& info) {
  if (digestOfFile(folder / "rows.dump").text() != info.rowsDigest)
    throw std::runtime_error(
        "rows.dump is damaged: it is not what backup.json says. Use another "
        "backup.");
  std::int64_t blobs = 0;
  forEachBlob(folder, [&](const Digest& digest, const fs::path& file) {
    if (digestOfFile(file) != digest)
      throw std::runtime_error(file.string() + " is damaged. Use another backup.");
    ++blobs;
  });
  if (blobs != info.blobs)
    throw std::runtime_error(
        fmt::format("The backup should hold {} large blobs, but has {}. Use "
                    "another backup.",
                    info.blobs, blobs));
}

/// The target of the restore. It must be empty, or hold what an unfinished restore left.
class Target {
 public:
  explicit Target(const Config& config)
      : data_(usableDataFolder(config.dataFolder)),
        blobs_(config.blobs.folder.empty() ? data_ / "blobs" : config.blobs.folder),
        mark_(blobs_),
        url_(config.postgresUrl) {
    const bool startsOver = mark_.isSet();
    if (startsOver)
      requireOurs();
    else
      requireEmpty();
    if (!url_.empty()) return;
    auto lock = DataFolder::open(data_, std::chrono::milliseconds(0));
    if (!lock) throw std::runtime_error(lock.error().message);
    lock_ = std::move(*lock);
    begin();
    EmbeddedServices::Options options;
    options.dataFolder = data_;
    options.withRedis = false;
    embedded_ = std::make_unique<EmbeddedServices>(options);
    embedded_->start();
    url_ = embedded_->postgresUrl();
    if (!startsOver) return;
    Connection(url_, Workload::Queries).run("restore_starts_over");
    fs::remove(blobs_ / "store.id");
  }

  const std::string& url() const { return url_; }
  const fs::path& blobs() const { return blobs_; }
  const fs::path& data() const { return data_; }
  /// From now on it is not whole.
  void begin() const { mark_.set(embeddedIn()); }
  void finish() const { mark_.clear(); }

 private:
  std::string embeddedIn() const { return lock_ ? fs::canonical(data_).string() : ""; }

  void requireEmpty() const {
    if (fs::exists(blobs_ / "store.id") || (url_.empty() && fs::exists(data_ / "postgres")))
      throw std::runtime_error(fmt::format(
          "{} is in use: there is a store already. Restore into an empty one: name a new --data "
          "folder, or remove this one if nobody needs it.",
          fs::exists(blobs_ / "store.id") ? blobs_.string() : data_.string()));
  }
  /// Only what is ours alone may be emptied.
  void requireOurs() const {
    if (url_.empty() && fs::exists(data_) && mark_.dataFolder() == fs::canonical(data_)) return;
    throw std::runtime_error(
        fmt::format("An earlier restore did not finish. Remove the folder {}, make a new database "
                    "(dropdb, createdb), and try again.",
                    blobs_.string()));
  }

  const fs::path data_;
  const fs::path blobs_;
  const RestoreMark mark_;
  std::string url_;
  std::optional<DataFolder> lock_;
  std::unique_ptr<EmbeddedServices> embedded_;
};

void restoreRows(const fs::path& folder, const BackupInfo& info, const Target& to) {
  Connection connection(to.url(), Workload::Queries);
  const Rows target = connection.run("restore_target");
  const int major = postgresMajor(target.number(0, "server"));
  if (!target.flag(0, "is_empty"))
    throw std::runtime_error(
        "The database is not empty. Make a new one (createdb) and name it in "
        "`postgres:`.");
  if (major < info.serverMajor)
    throw std::runtime_error(
        fmt::format("The backup is of PostgreSQL {}, this server is {}; restore into {} or newer.",
                    info.serverMajor, major, info.serverMajor));
  to.begin();
  const auto restored =
      runPostgresProgram("pg_restore", major, to.url(),
                         {"--no-owner", "--no-privileges", "--single-transaction",
                          "--exit-on-error", fs::absolute(folder / "rows.dump").string()});
  if (!restored) throw std::runtime_error(restored.error().message);
  connection.run("retention_without_time_limit");
  connection.run("restored");
}

void restoreBlobs(const fs::path& folder, FolderBlobs& store) {
  forEachBlob(folder, [&](const Digest& digest, const fs::path& file) {
    const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    const auto staged = store.stage(fd.get(), std::numeric_limits<std::int64_t>::max());
    if (!staged || staged->digest != digest)
      throw std::runtime_error(file.string() + " changed while it was restored.");
  });
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder / "logs", none))
    fs::copy_file(entry.path(), store.logs() / entry.path().filename(),
                  fs::copy_options::overwrite_existing);
}

}  // namespace

int restore(const Config& config, const fs::path& folder, std::ostream& out, std::ostream& err) {
  const auto info = BackupInfo::read(folder);
  if (!info) {
    err << "planwright: " << info.error().message << '\n';
    return 3;
  }
  if (const auto problem = whyNot(*info); !problem.empty()) {
    err << "planwright: " << problem << '\n';
    return 5;
  }
  checkDigests(folder, *info);
  KeptFiles::check(folder, *info);
  const Target place(config);
  try {
    restoreRows(folder, *info, place);
    Database database(place.url());
    database.migrate();
    auto store = FolderBlobs::open(place.blobs(), database.lease()->run("store_id").text(0, 0));
    if (!store) throw std::runtime_error(store.error().message);
    restoreBlobs(folder, **store);
    KeptFiles(place.data(), config.file).takeFrom(folder, *info, err);
    place.finish();
  } catch (const std::exception&) {
    err << "planwright: the restore did not finish\n";
    throw;
  }
  out << fmt::format("restored {} as of {}; start it with `planwright serve`\n", folder.string(),
                     info->madeAt);
  return 0;
}

}  // namespace planwright

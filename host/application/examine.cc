#include "application/examine.h"

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>

#include <fmt/format.h>

#include "artifacts/folder_blobs.h"
#include "base/data_folder.h"
#include "base/files.h"
#include "base/json.h"
#include "base/threads.h"
#include "base/unavailable.h"
#include "embedded/embedded_services.h"
#include "queue/redis_tickets.h"
#include "store/instances.h"
#include "upkeep/doctor.h"
#include "upkeep/reconciler.h"

namespace planwright {
namespace {

namespace fs = std::filesystem;

/// What there is without a host: the data folder, if it is free, and the services behind it.
class Ward {
 public:
  Ward(const Config& config, bool isLocking);

  bool isHostRunning() const { return isHostRunning_; }
  const fs::path& data() const { return data_; }
  std::string dataId() const;
  const std::string& postgresUrl() const { return postgresUrl_; }
  /// "" while it does not run.
  const std::string& redisUrl() const { return redisUrl_; }

 private:
  void enter();

  const fs::path data_;
  std::optional<DataFolder> folder_;  ///< locked
  bool isHostRunning_ = false;
  std::string postgresUrl_, redisUrl_;
  std::unique_ptr<EmbeddedServices> services_;
};

Ward::Ward(const Config& config, bool isLocking)
    : data_(usableDataFolder(config.dataFolder)),
      postgresUrl_(config.postgresUrl),
      redisUrl_(config.redisUrl) {
  const bool ownsPostgres = postgresUrl_.empty();
  const bool ownsRedis = redisUrl_.empty();
  if (ownsPostgres && !fs::exists(data_ / "postgres"))
    throw std::runtime_error(fmt::format(
        "no planwright has kept anything in {}; name its folder with --data, or its configuration "
        "with --config",
        data_.string()));
  if (ownsPostgres || isLocking) enter();
  if (isHostRunning_) {
    const ServiceUrls urls = serviceUrls(data_);
    if (ownsPostgres) postgresUrl_ = urls.postgres;
    if (ownsRedis) redisUrl_ = urls.redis;
    return;
  }
  const bool startsRedis =
      ownsRedis && isLocking;  // only tickets are in it: the next start pushes them
  if (!ownsPostgres && !startsRedis) return;
  EmbeddedServices::Options options;
  options.dataFolder = data_;
  options.withPostgres = ownsPostgres;
  options.withRedis = startsRedis;
  services_ = std::make_unique<EmbeddedServices>(options);
  services_->start();
  if (ownsPostgres) postgresUrl_ = services_->postgresUrl();
  if (startsRedis) redisUrl_ = services_->redisUrl();
}

void Ward::enter() {
  auto opened = DataFolder::open(data_);
  if (opened) {
    folder_ = std::move(*opened);
    return;
  }
  if (opened.error().code != "data-folder-in-use") throw std::runtime_error(opened.error().message);
  isHostRunning_ = true;
}

std::string Ward::dataId() const {
  if (!fs::exists(data_ / "id")) return {};
  std::string id = readFile(data_ / "id", 1024);
  while (!id.empty() && id.back() == '\n') id.pop_back();
  return id;
}

/// What a host would do at its start, as far as reconcile does it: hosts that ran on this data
/// folder are dead, since it is ours now; their claims go back and tickets are pushed.
std::map<std::string, std::int64_t> repair(const Config& config, const Ward& ward,
                                           Database& database) {
  Membership nobody;
  Metrics metrics;
  Bell bell;
  const auto none = [](const std::string&) { return std::vector<std::int64_t>{}; };
  Reconciler::Parts parts{database, std::make_unique<RedisTickets>(ward.redisUrl()),
                          {},       config.lease,
                          nobody,   metrics,
                          bell,     none,
                          none};
  for (const auto& queue : config.queues) parts.queues.push_back(queue.name);
  auto connection = database.dedicated();
  Instances instances(*connection);
  const InstanceId self = instances.start({ward.dataId(), "doctor", "", PLANWRIGHT_VERSION, 0});
  nobody.become(number(self));
  Reconciler reconciler(std::move(parts));
  reconciler.step();
  instances.end(self);
  return reconciler.repairs();
}

std::string toJson(const std::vector<Checkup>& checks, bool isHealthy, bool isHostRunning,
                   const std::optional<std::map<std::string, std::int64_t>>& repairs) {
  JsonWriter json;
  json.object().member("healthy", isHealthy).member("host_running", isHostRunning).key("repairs");
  if (repairs) {
    json.object();
    for (const auto& [kind, count] : *repairs) json.member(kind, count);
    json.end();
  } else {
    json.null();
  }
  json.key("checks").array();
  for (const auto& check : checks) {
    json.object()
        .member("name", check.name)
        .member("promise", check.promise)
        .member("examined", check.examined)
        .textOrNull("skipped", check.skipped)
        .key("violations")
        .array();
    for (const auto& violation : check.violations)
      json.object().member("item", violation.item).member("what", violation.what).end();
    json.end().textOrNull("advice", check.violations.empty() ? "" : check.advice).end();
  }
  return json.end().end().take();
}

/// The bytes of large blobs. A folder that is not there is not made.
std::unique_ptr<FolderBlobs> openBlobs(const Config& config, const Ward& ward, Database& database) {
  const fs::path folder = config.blobs.folder.empty() ? ward.data() / "blobs" : config.blobs.folder;
  if (!fs::exists(folder))
    throw std::runtime_error(fmt::format("the blob folder {} is not there", folder.string()));
  auto blobs = FolderBlobs::open(folder, database.lease()->run("store_id").text(0, 0));
  if (!blobs) throw std::runtime_error(blobs.error().message);
  return std::move(*blobs);
}

Examination examineOnce(const Config& config, const ExamineOptions& options, const Ward& ward) {
  Database database(ward.postgresUrl());
  const auto blobs = openBlobs(config, ward, database);
  std::optional<std::map<std::string, std::int64_t>> repairs;
  if (options.repair && !ward.isHostRunning()) repairs = repair(config, ward, database);
  const auto tickets =
      ward.redisUrl().empty() ? nullptr : std::make_unique<RedisTickets>(ward.redisUrl());
  Doctor doctor({.database = database,
                 .tickets = tickets.get(),
                 .large = *blobs,
                 .lease = config.lease,
                 .processes = {ward.dataId(), ward.data() / "lock", blobs->logs()},
                 .isQuick = options.isQuick,
                 .patience = options.patience});
  const auto checks = doctor.examine();
  Examination done{.isHealthy = true, .json = {}};
  for (const auto& check : checks) done.isHealthy = done.isHealthy && check.violations.empty();
  done.json = toJson(checks, done.isHealthy, ward.isHostRunning(), repairs);
  return done;
}

}  // namespace

Examination examine(const Config& config, const ExamineOptions& options) {
  const Ward ward(config, options.repair);
  const auto giveUp = std::chrono::steady_clock::now() + options.patience;
  for (;;) {
    try {
      return examineOnce(config, options, ward);
    } catch (const Unavailable&) {  // the private Postgres may just be starting again
      if (std::chrono::steady_clock::now() >= giveUp) throw;
      sleepFor(std::chrono::milliseconds(250), {});
    }
  }
}

}  // namespace planwright

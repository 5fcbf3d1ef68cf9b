#include "offline/installation.h"

#include <stdexcept>

#include <fmt/format.h>

#include "base/files.h"
#include "embedded/service_account.h"
#include "offline/restore_mark.h"

namespace planwright {
namespace {

namespace fs = std::filesystem;

}  // namespace

Installation::Installation(const Config& config, bool withTickets)
    : config_(config),
      dataFolder_(usableDataFolder(config.dataFolder)),
      redisUrl_(config.redisUrl) {
  const fs::path blobs = config.blobs.folder.empty() ? dataFolder_ / "blobs" : config.blobs.folder;
  RestoreMark(blobs).refuse();
  database_ = std::make_unique<Database>(reachServices(withTickets));
  database_->migrate();
  auto folder = FolderBlobs::open(blobs, database_->lease()->run("store_id").text(0, 0));
  if (!folder) throw std::runtime_error(folder.error().message);
  folder_ = std::move(*folder);
  blobs_ = std::make_unique<Blobs>(*database_, *folder_, metrics_);
}

/// Gives the URL of Postgres.
std::string Installation::reachServices(bool withTickets) {
  const bool ownsPostgres = config_.postgresUrl.empty();
  const bool ownsRedis = config_.redisUrl.empty();
  if (!ownsPostgres && !withTickets) return config_.postgresUrl;
  if (ownsPostgres && !fs::exists(dataFolder_ / "postgres"))
    throw std::runtime_error(
        fmt::format("There is nothing in the data folder {} yet. Name the folder with --data, or "
                    "the configuration with --config.",
                    dataFolder_.string()));
  auto lock = DataFolder::open(dataFolder_);
  if (!lock && lock.error().kind != ErrorKind::Conflict)
    throw std::runtime_error(lock.error().message);
  isHostRunning_ = !lock;
  if (isHostRunning_) {
    const ServiceUrls urls = serviceUrls(dataFolder_);
    if (ownsRedis) redisUrl_ = urls.redis;
    return ownsPostgres ? urls.postgres : config_.postgresUrl;
  }
  lock_ = std::move(*lock);
  EmbeddedServices::Options options;
  options.dataFolder = dataFolder_;
  options.withPostgres = ownsPostgres;
  options.withRedis = ownsRedis && withTickets;
  if (options.withPostgres || options.withRedis) {
    embedded_ = std::make_unique<EmbeddedServices>(options);
    embedded_->start();
  }
  if (options.withRedis) redisUrl_ = embedded_->redisUrl();
  return ownsPostgres ? embedded_->postgresUrl() : config_.postgresUrl;
}

std::string Installation::dataId() const {
  if (!fs::exists(dataFolder_ / "id")) return {};
  std::string id = readFile(dataFolder_ / "id", 1024);
  while (!id.empty() && id.back() == '\n') id.pop_back();
  return id;
}

}  // namespace planwright

#include "application/installation.h"

#include <stdexcept>

#include <fmt/format.h>

#include "embedded/service_account.h"

namespace planwright {
namespace {

namespace fs = std::filesystem;

}  // namespace

Installation::Installation(const Config& config)
    : config_(config),
      dataFolder_(usableDataFolder(config.dataFolder)) {
  database_ =
      std::make_unique<Database>(config.postgresUrl.empty() ? reachPostgres() : config.postgresUrl);
  database_->migrate();
  auto folder =
      FolderBlobs::open(config.blobs.folder.empty() ? dataFolder_ / "blobs" : config.blobs.folder,
                        database_->lease()->run("store_id").text(0, 0));
  if (!folder) throw std::runtime_error(folder.error().message);
  folder_ = std::move(*folder);
  blobs_ = std::make_unique<Blobs>(*database_, *folder_);
}

std::string Installation::reachPostgres() {
  if (!fs::exists(dataFolder_ / "postgres"))
    throw std::runtime_error(
        fmt::format("There is nothing in the data folder {} yet. Name the folder with --data, or "
                    "the configuration with --config.",
                    dataFolder_.string()));
  auto lock = DataFolder::open(dataFolder_, std::chrono::milliseconds(0));
  if (!lock && lock.error().kind != ErrorKind::Conflict)
    throw std::runtime_error(lock.error().message);
  if (!lock) return serviceUrls(dataFolder_).postgres;  // a host runs
  lock_ = std::move(*lock);
  EmbeddedServices::Options options;
  options.dataFolder = dataFolder_;
  options.withRedis = false;
  embedded_ = std::make_unique<EmbeddedServices>(options);
  embedded_->start();
  return embedded_->postgresUrl();
}

}  // namespace planwright

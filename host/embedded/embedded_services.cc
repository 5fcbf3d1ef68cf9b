#include "embedded/embedded_services.h"

#include <cerrno>
#include <system_error>
#include <utility>

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>

namespace planwright {

ServiceUrls serviceUrls(const std::filesystem::path& dataFolder) {
  const ServiceFolders folders = makeServiceFolders(std::filesystem::canonical(dataFolder));
  return {PostgresServer(folders, {}).url(), RedisServer(folders, {}).url()};
}

EmbeddedServices::EmbeddedServices(Options options)
    : options_(std::move(options)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!wake_) throw std::system_error(errno, std::generic_category(), "eventfd");
}

EmbeddedServices::~EmbeddedServices() {
  stop();
}

void EmbeddedServices::begin() {
  const auto folder = std::filesystem::canonical(options_.dataFolder);
  folders_ = std::make_unique<ServiceFolders>(makeServiceFolders(folder));
  if (options_.withPostgres)
    postgres_ =
        std::make_unique<PostgresServer>(*folders_, PostgresServer::Options{options_.isDurable});
  if (options_.withRedis)
    redis_ =
        std::make_unique<RedisServer>(*folders_, RedisServer::Options{options_.redisDatabases});

  std::promise<void> started;
  isStarted_ = started.get_future();
  thread_ = std::jthread([this, promise = std::move(started)](const std::stop_token& mine) mutable {
    pthread_setname_np(pthread_self(), "pw-services");
    supervise(mine, std::move(promise));
  });
}

void EmbeddedServices::awaitStart(const std::stop_token& stop) {
  const std::stop_callback giveUp(stop, [this] { thread_.request_stop(); });
  isStarted_.get();
}

void EmbeddedServices::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
  if (!folders_->isRunElsewhere) return;
  std::error_code ignored;
  std::filesystem::remove_all(folders_->run, ignored);
}

void EmbeddedServices::supervise(const std::stop_token& stop, std::promise<void> started) {
  const std::stop_callback wakeUp(stop, [this] { ::eventfd_write(wake_.get(), 1); });
  try {
    startAll(stop);
    started.set_value();
  } catch (...) {
    stopAll();
    started.set_exception(std::current_exception());
    return;
  }
  while (!stop.stop_requested()) keepAllRunning(stop);
  stopAll();
}

void EmbeddedServices::startAll(const std::stop_token& stop) {
  if (postgres_) {
    postgres_->prepare();
    servers_.emplace_back(postgres_->spec());
  }
  if (redis_) {
    redis_->prepare();
    servers_.emplace_back(redis_->spec());
  }
  for (SupervisedServer& server : servers_) server.launch();
  for (SupervisedServer& server : servers_) server.waitUntilAnswering(stop);
  if (postgres_) postgres_->ensureDatabase();
  publishPids();
}

void EmbeddedServices::keepAllRunning(const std::stop_token& stop) {
  std::vector<pollfd> waits{{wake_.get(), POLLIN, 0}};
  bool allUp = true;
  for (const SupervisedServer& server : servers_) {
    allUp = allUp && server.pidFd() >= 0;
    if (server.pidFd() >= 0) waits.push_back({server.pidFd(), POLLIN, 0});
  }
  constexpr int kLookAgainMs = 50;
  ::poll(waits.data(), waits.size(), allUp ? -1 : kLookAgainMs);
  if (stop.stop_requested()) return;
  for (SupervisedServer& server : servers_) server.keepRunning();
  publishPids();
}

void EmbeddedServices::stopAll() {
  while (!servers_.empty()) {  // Redis before Postgres: ids before the rows they name
    servers_.back().stop();
    servers_.pop_back();
  }
  publishPids();
}

void EmbeddedServices::publishPids() {
  Pids pids;
  for (const SupervisedServer& server : servers_) {
    const pid_t pid = server.pidFd() >= 0 ? server.pid() : 0;
    (server.name() == "postgres" ? pids.postgres : pids.redis) = pid;
  }
  *pids_.lock() = pids;
}

std::string EmbeddedServices::postgresUrl() const {
  return postgres_->url();
}
std::string EmbeddedServices::postgresUrl(const std::string& database) const {
  return postgres_->url(database);
}
std::string EmbeddedServices::redisUrl(int database) const {
  return redis_->url(database);
}
pid_t EmbeddedServices::postgresPid() const {
  return pids_.lock()->postgres;
}
pid_t EmbeddedServices::redisPid() const {
  return pids_.lock()->redis;
}

}  // namespace planwright

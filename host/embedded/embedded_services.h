#pragma once

#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/guarded.h"
#include "base/unique_fd.h"
#include "embedded/postgres_server.h"
#include "embedded/redis_server.h"
#include "embedded/supervised_server.h"

namespace planwright {

/// Where the private services of a data folder answer, if they run.
struct ServiceUrls {
  std::string postgres, redis;
};
ServiceUrls serviceUrls(const std::filesystem::path& dataFolder);

/// A private Postgres and a private Redis for one machine, on unix sockets below the data folder,
/// with the same code before them as servers from the config. One permanent thread ("pw-services")
/// starts them, starts them again when they die, and stops them: the kernel ties "ends with its
/// parent" to the thread that forked. After `kill -9` of everything the next start() ends what is
/// left, recovers, and keeps all committed rows. Owned by Application; start and stop by its
/// thread, the rest by any.
class EmbeddedServices {
 public:
  struct Options {
    std::filesystem::path
        dataFolder;            ///< locked by the caller (DataFolder) while this object lives
    bool withPostgres = true;  ///< false: the config names one
    bool withRedis = true;
    bool isDurable = true;    ///< false: Postgres without fsync, for tests
    int redisDatabases = 16;  ///< how many numbers ?db= may take
  };

  explicit EmbeddedServices(Options options);
  ~EmbeddedServices();
  EmbeddedServices(const EmbeddedServices&) = delete;
  EmbeddedServices& operator=(const EmbeddedServices&) = delete;

  /// Begins to start them, and returns at once. Once.
  void begin();
  /// Returns when both answer. Throws with what to do, the end of the server's log, or because a
  /// stop came while they recovered. Once, after begin().
  void awaitStart(const std::stop_token& stop = {});
  void start(const std::stop_token& stop = {}) {
    begin();
    awaitStart(stop);
  }
  /// Stops them cleanly (rows and ids are on disk), then returns. Also done by the destructor.
  void stop();

  std::string postgresUrl() const;  ///< database planwright, user planwright
  std::string postgresUrl(const std::string& database) const;
  std::string redisUrl(int database = 0) const;  ///< unix:<path>[?db=N]
  pid_t postgresPid() const;                     ///< 0 = not running at the moment
  pid_t redisPid() const;

 private:
  struct Pids {
    pid_t postgres = 0;
    pid_t redis = 0;
  };

  void supervise(const std::stop_token& stop, std::promise<void> started);
  void startAll(const std::stop_token& stop);
  void keepAllRunning(const std::stop_token& stop);
  void stopAll();
  void publishPids();

  const Options options_;
  std::unique_ptr<ServiceFolders> folders_;
  std::unique_ptr<PostgresServer> postgres_;
  std::unique_ptr<RedisServer> redis_;
  std::vector<SupervisedServer> servers_;  // the thread's
  mutable Guarded<Pids> pids_;
  UniqueFd wake_;
  std::future<void> isStarted_;
  std::jthread thread_;
};

}  // namespace planwright

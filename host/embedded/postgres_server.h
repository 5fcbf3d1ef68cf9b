#pragma once

#include <filesystem>
#include <string>

#include "embedded/service_folders.h"
#include "embedded/supervised_server.h"

namespace planwright {

/// The private Postgres of one data folder: finds the installed server, makes the cluster, tells
/// how to run it. Whoever can open the socket is trusted; its folder is open to the service's
/// account (and root) alone. Used by the supervisor thread; `url` from any thread.
class PostgresServer {
 public:
  struct Options {
    bool isDurable =
        true;  ///< false: no fsync, for tests: a killed server loses nothing, a machine may
  };

  PostgresServer(const ServiceFolders& folders, Options options);

  /// Makes the cluster unless a finished one is there. Throws with the end of initdb's output.
  void prepare();
  ServerSpec spec() const;
  /// Makes the role and the database `planwright` if they are missing. The server must be
  /// answering.
  void ensureDatabase() const;

  static constexpr int kMaxConnections = 100;

  /// postgresql://planwright@/planwright?host=<folder of the socket>&port=5432
  std::string url(const std::string& database = "planwright") const;

 private:
  std::string adminUrl() const;

  const ServiceFolders folders_;
  const Options options_;
  const ServiceAccount account_;
  const std::filesystem::path cluster_;
  const std::filesystem::path sockets_;
};

}  // namespace planwright

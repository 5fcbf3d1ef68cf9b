#pragma once

#include <string>

#include "embedded/service_folders.h"
#include "embedded/supervised_server.h"

namespace planwright {

/// The private Redis of one data folder, on a socket that only its account (and root) can open.
/// Used by the supervisor thread; `url` from any thread.
class RedisServer {
 public:
  struct Options {
    int databases = 16;
  };

  RedisServer(const ServiceFolders& folders, Options options);

  void prepare();
  ServerSpec spec() const;

  /// unix:<path>, with ?db=N unless `database` is 0
  std::string url(int database = 0) const;

 private:
  std::filesystem::path socket() const { return folders_.socketsOf("redis") / "redis.sock"; }

  const ServiceFolders folders_;
  const Options options_;
  const ServiceAccount account_;
};

}  // namespace planwright

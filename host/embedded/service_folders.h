#pragma once

#include <filesystem>

#include "embedded/service_account.h"

namespace planwright {

/// Where the private services keep their things below the data folder:
///   postgres/  the cluster       redis/  the append-only file      (0700, owned by the service)
///   run/postgres, run/redis      their sockets                     (0700, owned by the service)
///   log/       what they print                                     (0700, ours)
/// A socket's path may have 107 bytes (unix(7)); below a deep data folder `run` moves to a short
/// folder of ours.
struct ServiceFolders {
  std::filesystem::path data;
  std::filesystem::path run;
  bool isRunElsewhere = false;

  std::filesystem::path of(const char* service) const { return data / service; }
  std::filesystem::path socketsOf(const char* service) const { return run / service; }
  std::filesystem::path log() const { return data / "log"; }
};

/// Makes `log` and `run`. Throws with a sentence for people if the short folder exists and is not
/// safely ours.
ServiceFolders makeServiceFolders(const std::filesystem::path& dataFolder);

}  // namespace planwright

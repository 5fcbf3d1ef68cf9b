#pragma once

#include <string>

#include <sys/types.h>

#include "base/trusted_file.h"
#include "stages/exec_service.h"
#include "stages/manifest.h"
#include "stages/stage.h"
#include "stages/worker_process.h"

namespace planwright {

class StoredPlugin;

/// Which stage a worker runs, and with which settings, limits and rights. Immutable: [any thread].
struct WorkerTask {
  Manifest manifest;
  std::string digest;
  std::string file;  ///< the stored copy, or the program
  std::string stage, queue, settingsJson;
  StageRoom room;
  bool isBundled = false;  ///< the plugin came with planwright

  static WorkerTask of(const StoredPlugin& plugin, std::string stage, std::string queue,
                       std::string settingsJson, const StageRoom& room, bool isBundled);

  bool isProgram() const;
  /// Its code must not have the rights of the host.
  bool isStranger() const { return !isBundled && room.rights != StageRoom::Rights::Host; }
  bool isStrict() const { return room.rights == StageRoom::Rights::Strict; }

  /// The file, if it still has the digest.
  Result<TrustedFile> open() const;
  WorkerPlace place(TrustedFile opened) const;
  std::string hello() const;  ///< meta of the frame
  /// For programs of a call. `user`: that the worker runs as.
  ExecAsker asker(const StageRequest& request, uid_t user) const;
};

}  // namespace planwright

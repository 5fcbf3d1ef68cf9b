#include "stages/worker_task.h"

#include <algorithm>
#include <utility>

#include <unistd.h>

#include "base/json.h"
#include "stages/program_plugin.h"
#include "stages/stored_plugin.h"

namespace planwright {
namespace {

/// What a process that is no program has of the limits of its stage. With the host's user its
/// number of processes would count the host's own, and without a sandbox it writes anywhere.
ProgramLimits limitsOf(const WorkerTask& task) {
  ProgramLimits limits = task.room.limits;
  const bool isLess = task.isStranger() || task.isStrict();
  if (!isLess || ::geteuid() != 0) limits.processes = 0;
  if (!isLess) limits.fileSizeBytes = 0;
  if (!task.isStrict()) limits.diskBytes = 0;
  return limits;
}

}  // namespace

WorkerTask WorkerTask::of(const StoredPlugin& plugin, std::string stage, std::string queue,
                          std::string settingsJson, const StageRoom& room, bool isBundled) {
  return {plugin.manifest,
          plugin.digest,
          plugin.file.string(),
          std::move(stage),
          std::move(queue),
          std::move(settingsJson),
          room,
          isBundled};
}

bool WorkerTask::isProgram() const {
  return !programOf(manifest.id).empty();
}

Result<TrustedFile> WorkerTask::open() const {
  return isProgram() ? unchangedProgram(file, digest) : unchangedCopy(file, digest);
}

std::string WorkerTask::hello() const {
  JsonWriter json;
  json.object().member("plugin", file).member("stage", stage);
  json.member("queue", queue).member("settings", settingsJson);
  json.member("id", manifest.id).member("version", manifest.version);
  json.member("memory", static_cast<std::int64_t>(room.limits.memoryBytes));
  json.member("cpu", static_cast<std::int64_t>(room.limits.cpuSeconds));
  json.key("stages").array();
  for (const auto& each : manifest.stages) json.value(each);
  json.end().key("secrets").array();
  for (const auto& secret : manifest.secrets) json.value(secret);
  return json.end().end().take();
}

WorkerPlace WorkerTask::place(TrustedFile opened) const {
  const ProgramRoom& programs = room.programs;
  WorkerPlace place{limitsOf(*this), {}, std::move(opened), isProgram()};
  SandboxWish& wish = place.sandbox;
  wish.isNeverRoot = isStranger();
  if (isStrict()) wish.mode = SandboxWish::Mode::Require;
  wish.network = room.hasNetwork && manifest.network ? Network::Outgoing : Network::None;
  if (isProgram()) {  // it is one of the programs of its stage
    place.limits = programs.limits;
    wish.mode = std::max(wish.mode, programs.sandbox);
    wish.network = std::max(wish.network, programs.network);
    wish.readable = programs.readable;
  }
  if (isProgram() || isStranger()) wish.writable = programs.writable;
  wish.keepsUser = !wish.writable.empty();
  place.limits.cpuSeconds = 0;  // of the whole process: the worker limits each call
  return place;
}

/// A host that is not root gives strangers its own rights, unless they are in a sandbox. A program
/// that is in one has a user of its own, also where it has the host's rights otherwise: what it
/// starts must not take its folder from it.
ExecAsker WorkerTask::asker(const StageRequest& request, uid_t user) const {
  ExecAsker asker;
  asker.granted = manifest.exec;
  asker.isStranger =
      (isStranger() && (::geteuid() == 0 || isStrict())) || (isProgram() && user != ::geteuid());
  if (!asker.isStranger) return asker;
  if (user != ::geteuid()) asker.user = user;
  if (request.job) asker.workdir = request.job->workdir;
  if (!isStrict()) return asker;
  asker.sandbox = SandboxWish::Mode::Require;
  asker.network = room.programs.network;
  return asker;
}

}  // namespace planwright

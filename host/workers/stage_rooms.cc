#include "workers/stage_rooms.h"

#include "base/json.h"

namespace planwright {
namespace {

std::uint64_t seconds(const std::optional<std::chrono::milliseconds>& time) {
  return static_cast<std::uint64_t>(
      std::chrono::ceil<std::chrono::seconds>(time.value_or(std::chrono::milliseconds(0))).count());
}

std::uint64_t orElse(const auto& number, auto fallback) {
  return static_cast<std::uint64_t>(number.value_or(fallback));
}

bool isStrict(const StageConfig& stage) {
  return stage.workerSandbox.profile == "strict";
}

StageRoom::Rights rightsOf(const StageConfig& stage) {
  using Rights = StageRoom::Rights;
  if (isStrict(stage)) return Rights::Strict;
  return stage.workerSandbox.profile == "none" ? Rights::Host : Rights::Auto;
}

ProgramRoom programsOf(const StageConfig& stage) {
  using Mode = SandboxWish::Mode;
  using Default = ProgramsConfig;
  const LimitsConfig& limits = stage.limits;
  ProgramRoom room;
  room.limits.memoryBytes = orElse(limits.memoryBytes, Default::kMemoryBytes);
  room.limits.cpuSeconds = seconds(limits.cpu);
  room.limits.fileSizeBytes = orElse(limits.fileSizeBytes, Default::kFileSizeBytes);
  room.limits.openFiles = orElse(limits.files, Default::kFiles);
  room.limits.processes = orElse(limits.processes, Default::kProcesses);
  room.limits.diskBytes = orElse(limits.diskBytes, Default::kDiskBytes);
  room.sandbox = stage.programs.sandbox == "none" ? Mode::None : Mode::Auto;
  if (isStrict(stage) || stage.programs.sandbox == "require") room.sandbox = Mode::Require;
  room.network = room.sandbox == Mode::None ? Network::Host : stage.programs.network;
  if (room.network == Network::None && isStrict(stage) && stage.workerSandbox.network)
    room.network = Network::Outgoing;
  room.readable = stage.programs.readable;
  return room;
}

StageRoom roomWithPrograms(const StageConfig& stage) {
  StageRoom room;
  room.isolation = isolationOf(stage);
  room.rights = rightsOf(stage);
  room.hasNetwork = stage.workerSandbox.network;
  room.programs = programsOf(stage);
  room.limits = room.programs.limits;
  return room;
}

}  // namespace

StageRoom::Isolation isolationOf(const StageConfig& stage) {
  if (stage.isolation == "process") return StageRoom::Isolation::Process;
  return stage.isolation == "inproc" ? StageRoom::Isolation::Inproc : StageRoom::Isolation::Auto;
}

StageRoom roomOf(const BuilderConfig& builder) {
  StageRoom room;
  room.isolation = isolationOf(builder);
  room.rights = rightsOf(builder);
  room.hasNetwork = builder.workerSandbox.network;
  if (isStrict(builder) && !room.hasNetwork) room.programs.network = Network::None;
  return room;
}

StageRoom roomOf(const PlannerConfig& planner) {
  return roomWithPrograms(planner);
}

StageRoom roomOf(const SourceConfig& source, const std::string& settings,
                 const std::filesystem::path& folder) {
  StageRoom room = roomWithPrograms(source);
  const auto json = parseJson(settings);
  const std::string path = json ? textOr(*json, "path") : "";
  if (path.starts_with('/')) room.programs.readable.push_back(path);
  if (!folder.empty()) room.programs.writable.push_back(folder.string());
  return room;
}

}  // namespace planwright

#include <ctime>

#include <fmt/format.h>

#include "trial/trial_module.h"

namespace planwright {
namespace {

/// CPU time of this process so far: a busy machine does not make a plugin slow.
std::int64_t cpuMillis() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return time.tv_sec * 1000 + time.tv_nsec / 1'000'000;
}

CheckOutcome loads(const CheckSubject& subject) {
  const auto module = TrialModule::load(subject);
  return module ? CheckOutcome::passed()
                : CheckOutcome::failed(
                      fmt::format("The loader refused it: {}.", module.error().message));
}

CheckOutcome speaksThisAbi(const CheckSubject& subject) {
  const auto loaded = TrialModule::load(subject);
  const pw_module& module = (*loaded)->module();
  if (module.magic != PW_MAGIC)
    return CheckOutcome::failed("planwright_module has a wrong magic number.");
  if (module.abi_major != PW_ABI_MAJOR)
    return CheckOutcome::failed(fmt::format("It speaks plugin ABI {}, this host speaks {}.",
                                            module.abi_major, PW_ABI_MAJOR));
  if (!PW_HAS(&module, id) || !PW_HAS(&module, version) || !PW_HAS(&module, get_interface))
    return CheckOutcome::failed("planwright_module has no id, version or get_interface.");
  return CheckOutcome::passed();
}

CheckOutcome manifestMatchesCode(const CheckSubject& subject) {
  const auto loaded = TrialModule::load(subject);
  const pw_module& module = (*loaded)->module();
  const auto& manifest = subject.manifest;
  if (manifest.id != module.id || manifest.version != module.version)
    return CheckOutcome::failed(fmt::format("plugin.json says {} {}, the code says {} {}.",
                                            manifest.id, manifest.version, module.id,
                                            module.version));
  const std::string abi = fmt::format("{}.{}", module.abi_major, module.abi_minor);
  if (manifest.abi != abi)
    return CheckOutcome::failed(
        fmt::format("plugin.json says ABI {}, the code was built for {}.", manifest.abi, abi));
  return CheckOutcome::passed();
}

template <class Table>
bool complete(const void* found) {
  const auto* table = static_cast<const Table*>(found);
  return PW_REACHES(table, stage) && table->stage && PW_HAS(table->stage, create) &&
         PW_HAS(table->stage, destroy) && table->size >= sizeof(Table);
}

CheckOutcome hasItsStages(const CheckSubject& subject) {
  const auto loaded = TrialModule::load(subject);
  for (const auto& stage : subject.manifest.stages) {
    const void* table = (*loaded)->module().get_interface(stage.c_str());
    const bool isThere = stage == PW_PLANNER   ? complete<pw_planner>(table)
                         : stage == PW_BUILDER ? complete<pw_builder>(table)
                         : stage == PW_SOURCE  ? complete<pw_source>(table)
                                               : table != nullptr;
    if (!isThere)
      return CheckOutcome::failed(
          fmt::format("plugin.json promises {}, the code has no complete table for it.", stage));
  }
  return CheckOutcome::passed();
}

CheckOutcome unknownInterfaceIsNull(const CheckSubject& subject) {
  const auto loaded = TrialModule::load(subject);
  for (const char* id : {"", "planwright.planner/999", "planwright.planner/1x", "no such thing"})
    if ((*loaded)->module().get_interface(id))
      return CheckOutcome::failed(
          fmt::format("get_interface(\"{}\") gives a table instead of NULL.", id));
  return CheckOutcome::passed();
}

CheckOutcome loadsFast(const CheckSubject& subject) {
  constexpr std::int64_t kMostMillis = 50;
  const auto begin = cpuMillis();
  const auto loaded = TrialModule::load(subject);
  (*loaded)->open();
  const auto took = cpuMillis() - begin;
  return took <= kMostMillis
             ? CheckOutcome::passed()
             : CheckOutcome::failed(fmt::format("To be loaded it takes {} ms of CPU time, more "
                                                "than {} ms.",
                                                took, kMostMillis));
}

CheckOutcome twiceInOneProcess(const CheckSubject& subject) {
  const auto first = TrialModule::load(subject), second = TrialModule::load(subject);
  if (!second) return CheckOutcome::failed("A second copy is not loaded beside the first one.");
  for (const auto* module : {&*first, &*second})
    if (const auto opened = (*module)->open(); !opened.ok())
      return CheckOutcome::failed("open() failed: " + opened.message);
  return CheckOutcome::passed();
}

}  // namespace

std::vector<Check> loadChecks() {
  return {
      {"load", "loads", loads,
       "Link all that it needs; `ldd` and `nm -D --undefined-only` show what is missing.", true},
      {"load", "speaks-this-abi", speaksThisAbi,
       "Build it against the SDK of this planwright, with PW_MODULE or the numbers of plugin.h.",
       true},
      {"load", "manifest-matches-code", manifestMatchesCode,
       "Make plugin.json and PW_MODULE say the same.", true},
      {"load", "has-its-stages", hasItsStages,
       "Name every stage of plugin.json in PW_MODULE, or answer for it in get_interface.", true},
      {"load", "unknown-interface-is-null", unknownInterfaceIsNull,
       "Compare the whole id; newer hosts ask for interfaces that you do not know."},
      {"load", "load-under-50-ms", loadsFast,
       "Do not work in constructors of globals or in open(); start() is the place."},
      {"load", "twice-in-one-process", twiceInOneProcess,
       "Keep no file, port or name to yourself while you are only loaded."},
  };
}

}  // namespace planwright

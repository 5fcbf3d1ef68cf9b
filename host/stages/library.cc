#include "stages/library.h"

#include <system_error>

#include <boost/dll/shared_library.hpp>
#include <fmt/format.h>

#include "base/files.h"
#include "stages/inproc_call.h"
#include "stages/module_services.h"

namespace planwright {
namespace {

namespace fs = std::filesystem;
constexpr const char* kSymbol = "planwright_module";

Error refused(std::string why) {
  return {ErrorKind::Failed, std::move(why), "plugin-refused", {}};
}

bool completeStage(const pw_stage* stage) {
  return PW_HAS(stage, create) && PW_HAS(stage, destroy);
}

/// Is the table of interface `id` there, with what every version of it has?
bool complete(const std::string& id, const void* table) {
  if (!table) return false;
  if (id == PW_PLANNER) {
    const auto* planner = static_cast<const pw_planner*>(table);
    return PW_HAS(planner, plan) && completeStage(planner->stage);
  }
  if (id == PW_BUILDER) {
    const auto* builder = static_cast<const pw_builder*>(table);
    return PW_HAS(builder, build) && completeStage(builder->stage);
  }
  if (id == PW_SOURCE) {
    const auto* source = static_cast<const pw_source*>(table);
    return PW_HAS(source, poll) && completeStage(source->stage);
  }
  return true;
}

}  // namespace

Result<std::shared_ptr<Library>> Library::load(const fs::path& file, Manifest manifest,
                                               Programs& programs, const fs::path& workFolder,
                                               CountMetric count) {
  std::unique_ptr<boost::dll::shared_library> code;
  try {
    // Lazy binding would load a plugin with missing symbols and abort at its first call. The
    // throwing form is the one that tells the loader's own reason.
    code = std::make_unique<boost::dll::shared_library>(
        file, boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
  } catch (const std::system_error& e) {
    return refused(fmt::format("The loader refused it: {}", e.what()));
  }
  const std::shared_ptr<Library> library(new Library(std::move(code), file, std::move(manifest),
                                                     programs, workFolder, std::move(count)));
  if (auto ok = library->greet(); !ok) return ok.error();
  if (auto ok = library->open(); !ok) return ok.error();
  return library;
}

Library::Library(std::unique_ptr<boost::dll::shared_library> code, fs::path file, Manifest manifest,
                 Programs& programs, const fs::path& workFolder, CountMetric count)
    : code_(std::move(code)),
      file_(std::move(file)),
      manifest_(std::move(manifest)),
      host_(manifest_, programs, workFolder, std::move(count)) {}

Library::~Library() {
  if (opened_) module_->close();
}

const void* Library::stage(std::string_view id) const {
  return manifest_.provides(id) ? module_->get_interface(std::string(id).c_str()) : nullptr;
}

Result<void> Library::greet() {
  if (!code_->has(kSymbol)) return refused(fmt::format("It does not export {}.", kSymbol));
  const auto& module = code_->get<const pw_module>(kSymbol);
  if (module.magic != PW_MAGIC)
    return refused(fmt::format("Its {} is not a planwright module (wrong magic number).", kSymbol));
  if (module.abi_major != PW_ABI_MAJOR)
    return refused(
        fmt::format("It speaks plugin ABI {}, this host speaks {}; build it against planwright {}.",
                    module.abi_major, PW_ABI_MAJOR, PLANWRIGHT_VERSION));
  if (!PW_HAS(&module, id) || !PW_HAS(&module, version) || !PW_HAS(&module, get_interface))
    return refused("Its module has no id, version or get_interface.");
  if (manifest_.id != module.id || manifest_.version != module.version)
    return refused(fmt::format(
        "Its manifest says {} {}, its code says {} {}; make plugin.json and PW_MODULE equal.",
        manifest_.id, manifest_.version, module.id, module.version));
  for (const auto& id : manifest_.stages)
    if (!complete(id, module.get_interface(id.c_str())))
      return refused(
          fmt::format("Its manifest promises {}, but its code has no complete table for it.", id));
  module_ = &module;
  return {};
}

Result<void> Library::open() {
  if (!PW_HAS(module_, open)) {
    opened_ = PW_HAS(module_, close);
    return {};
  }
  ModuleServices services(manifest_.id, host_.count());
  StageCall stage(services);
  pw_call call;
  call.begin(std::nullopt, stage);
  const pw_status status = module_->open(host_.table(), &call);
  if (const auto failure = call.end(status, manifest_.id).failure)
    return refused("It did not open: " + failure->message);
  opened_ = PW_HAS(module_, close);
  return {};
}

/// Whatever the umask: a worker may run as another user.
constexpr auto kReadByAll = fs::perms::owner_read | fs::perms::group_read | fs::perms::others_read;

fs::path storeLibrary(const fs::path& store, const std::string& name, std::string_view bytes,
                      const Digest& digest) {
  const fs::path folder = store / digest.hex();
  const fs::path file = folder / name;
  std::error_code missing;
  if (fs::file_size(file, missing) == bytes.size() && !missing &&
      Digest::of(readFile(file, bytes.size())) == digest) {
    fs::permissions(file, kReadByAll);
    return file;
  }
  makeFolder(store, 0711);
  makeFolder(folder, 0711);
  replaceFile(file, bytes, 0444);
  fs::permissions(file, kReadByAll);
  return file;
}

}  // namespace planwright

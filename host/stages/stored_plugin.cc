#include "stages/stored_plugin.h"

#include <utility>

#include <dlfcn.h>
#include <fmt/format.h>

#include "base/log.h"
#include "stages/elf_symbols.h"

namespace planwright {
namespace {

/// Symbols that the loader binds once for all versions, or that others may bind to.
std::string sharedSymbols(const Result<ElfFacts>& facts) {
  if (!facts) return "its symbols cannot be read: " + facts.error().message;
  if (!facts->unique.empty())
    return fmt::format("its symbol {} is unique in a process, so that both would use one",
                       facts->unique.front());
  for (const auto& symbol : facts->exported)
    if (symbol != "planwright_module")
      return fmt::format("it exports {} besides planwright_module, so that one may use the other's",
                         symbol);
  return {};
}

Residence residenceOf(const Manifest& manifest, std::string_view bytes) {
  const bool isProcess = manifest.reload == Manifest::Reload::Process;
  Residence residence;
  if (isProcess) residence.whyAlone = "its manifest says \"reload\": \"process\"";
  if (bytes.empty()) return residence;
  const auto facts = elfFacts(bytes);
  if (!isProcess) residence.whyAlone = sharedSymbols(facts);
  residence.mayLeave = manifest.reload == Manifest::Reload::Unload && facts &&
                       facts->unique.empty() && !facts->isNoDelete;
  return residence;
}

/// dlclose() says 0 in any case; only the loader's list tells.
bool isLoaded(const std::filesystem::path& file) {
  void* still = ::dlopen(file.c_str(), RTLD_NOW | RTLD_NOLOAD);
  if (still) ::dlclose(still);  // the reference that asking has taken
  return still != nullptr;
}

}  // namespace

StoredPlugin::StoredPlugin(Manifest says, std::string digestOfFile, std::filesystem::path copy,
                           Programs& programs, std::filesystem::path workFolder, CountMetric count,
                           std::string_view bytes)
    : manifest(std::move(says)),
      digest(std::move(digestOfFile)),
      file(std::move(copy)),
      residence(residenceOf(manifest, bytes)),
      programs_(programs),
      workFolder_(std::move(workFolder)),
      count_(std::move(count)),
      code_(std::make_shared<Guarded<Code>>()) {}

Result<void> StoredPlugin::load() {
  auto code = code_->lock();
  return load(*code);
}

Result<void> StoredPlugin::load(Code& code) const {
  if (code.library) return {};
  auto loaded = Library::load(file, manifest, programs_, workFolder_, count_);
  if (!loaded) return loaded.error();
  code.library = std::move(*loaded);
  return {};
}

Result<std::shared_ptr<Library>> StoredPlugin::library() {
  auto code = code_->lock();
  if (auto lease = code->lease.lock()) return lease;
  if (const auto ok = load(*code); !ok) return ok.error();
  std::shared_ptr<Library> lease(
      code->library.get(),
      [shared = code_, copy = file, mayLeave = residence.mayLeave](Library*) mutable {
        // Released here, because the deleter itself lives as long as the weak pointer to what it
        // shares.
        const auto mine = std::move(shared);
        if (!mayLeave) return;
        auto held = mine->lock();
        // An instance may have been made since this lease ended.
        if (held->lease.expired() && held->library) release(*held, copy);
      });
  code->lease = lease;
  code->wasLeased = true;
  return lease;
}

/// Locked, so that nothing loads the code again while it is unloaded.
void StoredPlugin::release(Code& code, const std::filesystem::path& file) {
  const std::string name = code.library->manifest().id + " " + code.library->manifest().version;
  code.library.reset();
  code.isPinned = isLoaded(file);
  if (code.isPinned)
    log::warn(
        "plugin {} says \"reload\": \"unload\" but stays in memory: a thread_local with a "
        "destructor or a library of its own may hold it; see planwright plugin check",
        name);
  else
    log::info("unloaded plugin={}", name);
}

bool StoredPlugin::isInMemory() const {
  auto code = code_->lock();
  return code->library || code->isPinned;
}

bool StoredPlugin::isParked() const {
  auto code = code_->lock();
  return (code->library || code->isPinned) && code->wasLeased && code->lease.expired();
}

}  // namespace planwright

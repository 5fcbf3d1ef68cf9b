#include "source_archives.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <exception>
#include <filesystem>
#include <mutex>
#include <thread>
#include <utility>

#include <fcntl.h>

#include "planwright/file_state.hpp"
#include "planwright/json_bounds.hpp"
#include "planwright/sha256.hpp"

#include "helpers.h"
#include "rapidjson/document.h"
#include "wheel_job.h"

namespace wheels {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFile = "file";          // path and state of a file -> SHA-256
constexpr const char* kArchive = "archive";    // what an archive says without being run
constexpr const char* kMetadata = "metadata";  // what its back end says
constexpr std::size_t kMostRecalled = 4000;    // files of the folders that are looked up
constexpr unsigned kMostBackEnds = 8;          // at the same time

std::string textIn(const rapidjson::Value& object, const char* name) {
  const auto at = object.FindMember(name);
  return at != object.MemberEnd() && at->value.IsString()
             ? std::string(at->value.GetString(), at->value.GetStringLength())
             : std::string();
}

/// False: it is no object, or holds more than a program of ours writes.
bool parseBounded(rapidjson::Document& to, const std::string& json) {
  if (!pw::whyTooMuchJson(json).empty()) return false;
  to.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
  return !to.HasParseError() && to.IsObject();
}

bool isSourceArchive(const fs::path& path) {
  const std::string ending = path.extension().string();
  return ending == ".gz" || ending == ".zip" || ending == ".tgz" || ending == ".bz2" ||
         ending == ".xz" || ending == ".tar" || ending == ".tbz" || ending == ".txz";
}

/// Runs `tasks` a few at a time and waits for all; throws what the first of them threw.
template <class Task>
void runSideBySide(std::vector<Task>& tasks) {
  std::atomic<std::size_t> next{0};
  std::exception_ptr thrown;
  std::mutex mutex;
  const auto work = [&] {
    for (std::size_t at = next++; at < tasks.size(); at = next++) {
      try {
        tasks[at]();
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!thrown) thrown = std::current_exception();
        next = tasks.size();
      }
    }
  };
  const std::size_t cores = std::clamp(std::thread::hardware_concurrency(), 1U, kMostBackEnds);
  {
    std::vector<std::jthread> threads;
    while (threads.size() + 1 < std::min(cores, tasks.size())) threads.emplace_back(work);
    work();
  }
  if (thrown) std::rethrow_exception(thrown);
}

}  // namespace

std::string SourceArchives::store(const std::string& path) {
  std::string& digest = stored_[path];
  if (digest.empty()) {
    python_.refuseHidden(path);
    const pw::Fd archive(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    if (archive.get() < 0) pw::retry("cannot read " + path + ": " + std::strerror(errno));
    digest = call_.putBlob(archive.get(), "application/octet-stream");
  }
  return digest;
}

std::string SourceArchives::keyOf(const std::string& sha256) {
  return sha256 + "\n" + python_.state();
}

/// What is kept of the archive at `path` as it is now.
bool SourceArchives::recall(const std::string& path) {
  if (archives_.contains(path)) return true;
  const auto sha256 = memory_.find(kFile, path + "\n" + pw::stateOfFile(path));
  if (!sha256) return false;
  const auto kept = memory_.find(kArchive, keyOf(*sha256) + std::string(kGuessArchives));
  rapidjson::Document said;
  if (!kept || !parseBounded(said, *kept)) return false;
  take(path, *sha256, said);
  return true;
}

void SourceArchives::take(const std::string& path, const std::string& sha256,
                          const rapidjson::Value& said) {
  Archive archive;
  archive.sha256 = sha256;
  if (said.HasMember("metadata") && said["metadata"].IsString())
    archive.metadata = textIn(said, "metadata");
  auto& requirements = archive.needs.requirements;
  archive.isOdd = !said.HasMember("requires") || !said["requires"].IsArray();
  if (!archive.isOdd)
    for (const auto& text : said["requires"].GetArray())
      if (text.IsString()) requirements.emplace_back(text.GetString(), text.GetStringLength());
  requirements.insert(requirements.end(), options_.buildRequirements.begin(),
                      options_.buildRequirements.end());
  std::sort(requirements.begin(), requirements.end());
  archive.needs.usesSetuptools = textIn(said, "back_end").starts_with("setuptools");
  if (!options_.buildIsolation) archive.made = memory_.find(kMetadata, madeKey(sha256, nullptr));
  archives_[path] = std::move(archive);
}

void SourceArchives::recallAll() {
  if (std::exchange(hasRecalled_, true)) return;
  std::size_t count = 0;
  for (const auto& folder : options_.folders()) {
    std::error_code error;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
      if (isSourceArchive(at->path()) && ++count <= kMostRecalled) recall(at->path().string());
  }
}

BuildNeeds SourceArchives::needsOf(const std::string& path) {
  if (!archives_.contains(path)) python_.refuseHidden(path);
  if (!recall(path)) read(path);
  const auto found = archives_.find(path);
  const std::string file = fs::path(path).filename().string();
  if (found == archives_.end()) pw::reject("the pyproject.toml of " + file + " cannot be read");
  if (found->second.isOdd)
    pw::reject("in the pyproject.toml of " + file +
               " requires is no list of texts, or build-backend no text");
  return found->second.needs;
}

bool SourceArchives::canForesee() {
  return options_.noIndex && !python_.state().empty();
}

std::string SourceArchives::requestJson(const std::vector<std::string>& texts) {
  recallAll();
  return objectOf([&](Writer& out) {
    writeKnown(out);
    out.Key("texts"), write(out, texts);
    out.Key("folders"), write(out, options_.folders());
    Paths described;
    out.Key("archives"), out.StartObject();
    for (const auto& [path, archive] : archives_) {
      if (archive.metadata || archive.made)
        write(out, path), write(out, archive.sha256);
      else if (archive.isAsked)
        write(out, path), out.Null();
      else
        described.push_back(path);
    }
    out.EndObject();
    out.Key("described"), write(out, described);
  });
}

std::string SourceArchives::knownJson() const {
  return objectOf([this](Writer& out) { writeKnown(out); });
}

/// "known": {"<SHA-256>": "<METADATA>"}.
void SourceArchives::writeKnown(Writer& out) const {
  out.Key("known"), out.StartObject();
  for (const auto& [path, archive] : archives_)
    if (const auto& metadata = archive.metadata ? archive.metadata : archive.made; metadata)
      write(out, archive.sha256), write(out, *metadata);
  out.EndObject();
}

/// What the archive at `path` says of itself.
void SourceArchives::read(const std::string& path) {
  pw::Program program = python_.program({std::string(kHelpers) + "guess_archives.py", path});
  program.files[program.argv[1]] = {{}, std::string(kGuessArchives)};
  program.readable.push_back(path);
  const pw::ProgramResult result = python_.run(program);
  if (!result.ok())
    pw::reject("the pyproject.toml of " + fs::path(path).filename().string() +
                   " cannot be read: python " + result.how(),
               result.tail);
  learn(result.output);
}

SourceArchives::Paths SourceArchives::learn(const std::string& json) {
  rapidjson::Document said;
  if (!parseBounded(said, json) || !said.HasMember("found") || !said.HasMember("ask") ||
      !said["found"].IsArray() || !said["ask"].IsArray())
    return {};
  for (const auto& found : said["found"].GetArray()) {
    if (!found.IsObject()) continue;
    const std::string path = textIn(found, "path");
    const std::string sha256 = textIn(found, "sha256");
    memory_.keep(kFile, path + "\n" + textIn(found, "state"), sha256);
    memory_.keep(kArchive, keyOf(sha256) + std::string(kGuessArchives),
                 jsonOf([&found](Writer& out) { found.Accept(out); }));
    take(path, sha256, found);
  }
  Paths ask;
  for (const auto& path : said["ask"].GetArray())
    if (path.IsString() && archives_.contains(path.GetString())) ask.emplace_back(path.GetString());
  return ask;
}

/// Each in a program of its own with the bytes that its digest names: what is printed can only
/// become the metadata of these.
bool SourceArchives::askBackEnds(const Paths& paths, const InputsOf& inputsOf) {
  std::vector<std::function<void()>> tasks;
  for (const auto& path : paths) {
    Archive& archive = archives_[path];
    if (archive.isAsked) continue;
    const auto inputs = options_.buildIsolation ? inputsOf(path) : std::optional<BuildInputs>();
    if (options_.buildIsolation && !inputs) continue;
    archive.isAsked = true;
    std::map<std::string, std::pair<std::string, std::string>> files;  // name -> path, SHA-256
    files["archive"] = {path, archive.sha256};
    if (inputs)
      for (const auto& [name, place] : inputs->archives)
        files[name] = {place, store(place).substr(7)};
    const std::string folder(kHelpers);
    pw::Program program = python_.program(
        {folder + "make_metadata.py",
         metadataWishes(fs::path(path).filename().string(), files, inputs ? &*inputs : nullptr)});
    program.files[program.argv[1]] = {{}, std::string(kMakeMetadata)};
    program.files[folder + "build_wheel.py"] = {{}, std::string(kBuildWheel)};
    tasks.emplace_back([this, &archive, program = std::move(program),
                        key = madeKey(archive.sha256, inputs ? &*inputs : nullptr)] {
      ask(archive, key, program);
    });
  }
  runSideBySide(tasks);
  return std::all_of(paths.begin(), paths.end(),
                     [this](const std::string& path) { return archives_[path].made.has_value(); });
}

/// Several plans may want it at once: one of them asks. [any thread]
void SourceArchives::ask(Archive& archive, const std::string& key, const pw::Program& program) {
  const auto turn = memory_.turn(kMetadata, key, call_);
  archive.made = memory_.find(kMetadata, key);
  if (archive.made) return;
  const pw::ProgramResult result = python_.run(program);
  if (!result.ok()) return;  // pip will say why
  archive.made = result.output;
  memory_.keep(kMetadata, key, result.output);
}

/// What the metadata depends on besides the archive: the Python with all that it has installed, or
/// what an isolated build is given.
std::string SourceArchives::madeKey(const std::string& sha256, const BuildInputs* inputs) {
  std::string key = keyOf(sha256) + "\n";
  for (const auto helper : {kBuildWheel, kMakeMetadata}) key += pw::sha256(helper) + "\n";
  key += environmentJson(inputs);
  if (inputs)
    for (const auto& [name, place] : inputs->archives) key += name + " " + store(place) + "\n";
  return key;
}

}  // namespace wheels

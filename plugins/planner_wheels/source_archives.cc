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
#include "json_writer.h"
#include "rapidjson/document.h"
#include "wheel_job.h"

namespace wheels {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFile = "file";          // path and state of a file -> SHA-256
constexpr const char* kArchive = "archive";    // what an archive says without being run
constexpr const char* kMetadata = "metadata";  // what its back end says
constexpr std::size_t kMostRecalled = 4000;    // files of the folders that are looked up
constexpr int kMostRounds = 20;                // of guesses; each looks one level deeper
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
  if (!recall(path)) guess({}, {path});
  const auto found = archives_.find(path);
  const std::string file = fs::path(path).filename().string();
  if (found == archives_.end()) pw::reject("the pyproject.toml of " + file + " cannot be read");
  if (found->second.isOdd)
    pw::reject("in the pyproject.toml of " + file +
               " requires is no list of texts, or build-backend no text");
  return found->second.needs;
}

void SourceArchives::prepare(const std::vector<std::string>& texts, const InputsOf& inputsOf) {
  if (!options_.noIndex || python_.state().empty()) return;
  recallAll();
  for (int round = 0; round < kMostRounds; ++round) {
    const auto ask = guess(texts, {});
    if (ask.empty() || !askBackEnds(ask, inputsOf)) return;
  }
}

/// Runs guess_archives.py and keeps what it found; gives the archives whose back ends it would ask.
std::vector<std::string> SourceArchives::guess(const std::vector<std::string>& texts,
                                               const std::vector<std::string>& read) {
  const std::string request = objectOf([&](Writer& out) {
    out.Key("texts"), write(out, texts);
    out.Key("folders"), write(out, texts.empty() ? std::vector<std::string>{} : options_.folders());
    out.Key("read"), write(out, read);
    out.Key("archives"), out.StartObject();
    std::vector<std::string> described;
    for (const auto& [path, archive] : archives_) {
      const auto& metadata = archive.metadata ? archive.metadata : archive.made;
      if (!metadata && !archive.isAsked) {
        described.push_back(path);
        continue;
      }
      write(out, path);
      metadata ? write(out, *metadata) : void(out.Null());
    }
    out.EndObject();
    out.Key("described"), write(out, described);
  });

  pw::Program program = python_.program({std::string(kHelpers) + "guess_archives.py"});
  program.files[program.argv[1]] = {{}, std::string(kGuessArchives)};
  program.files[std::string(kHelpers) + "request.json"] = {{}, request};
  for (const auto& path : read) program.readable.push_back(path);
  const pw::ProgramResult result = python_.run(program);
  if (!result.ok() && !read.empty())
    pw::reject("the pyproject.toml of an archive cannot be read: python " + result.how(),
               result.tail);
  return result.ok() ? learn(result.output) : std::vector<std::string>{};  // pip has to do it all
}

/// The output of guess_archives.py, which runs no code of archives: it may say something of each.
std::vector<std::string> SourceArchives::learn(const std::string& json) {
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
  std::vector<std::string> ask;
  for (const auto& path : said["ask"].GetArray())
    if (path.IsString() && archives_.contains(path.GetString())) ask.emplace_back(path.GetString());
  return ask;
}

/// Each in a program of its own with the bytes that its digest names: what is printed can only
/// become the metadata of these. False: none is to be asked.
bool SourceArchives::askBackEnds(const std::vector<std::string>& paths, const InputsOf& inputsOf) {
  struct Question {
    Archive* archive;
    std::string key;
    pw::Program program;
    pw::ProgramResult result;
  };
  bool hasAsked = false;
  std::vector<Question> questions;
  for (const auto& path : paths) {
    Archive& archive = archives_[path];
    if (archive.isAsked) continue;
    const auto inputs = options_.buildIsolation ? inputsOf(path) : std::optional<BuildInputs>();
    if (options_.buildIsolation && !inputs) continue;  // from an index: pip does it
    archive.isAsked = hasAsked = true;
    const std::string key = madeKey(archive.sha256, inputs ? &*inputs : nullptr);
    archive.made = memory_.find(kMetadata, key);
    if (archive.made) continue;
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
    questions.push_back({&archive, key, std::move(program), {}});
  }
  std::vector<std::function<void()>> tasks;
  tasks.reserve(questions.size());
  for (auto& question : questions)
    tasks.emplace_back([&] { question.result = python_.run(question.program); });
  runSideBySide(tasks);
  for (const auto& question : questions) {
    if (!question.result.ok()) continue;  // pip will say why
    question.archive->made = question.result.output;
    memory_.keep(kMetadata, question.key, question.result.output);
  }
  return hasAsked;
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

std::string SourceArchives::knownJson() const {
  return objectOf([this](Writer& out) {
    for (const auto& [path, archive] : archives_)
      if (const auto& metadata = archive.metadata ? archive.metadata : archive.made; metadata)
        write(out, archive.sha256), write(out, *metadata);
  });
}

}  // namespace wheels

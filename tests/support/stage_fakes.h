#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/program.h"
#include "stages/stage_call.h"

namespace planwright {

/// Services of a call that remember what they were told. Blobs live in `blobs`, secrets in
/// `secrets`.
class FakeServices final : public CallServices {
 public:
  void log(int, std::string_view message, std::string_view) override { logs.emplace_back(message); }
  void event(std::string_view type, std::string_view body) override {
    if (onEvent) onEvent();
    events.push_back(std::string(type) + " " + std::string(body));
  }
  void progress(std::uint64_t, std::uint64_t, std::string_view note) override {
    notes.emplace_back(note);
    if (onProgress) onProgress();
  }
  Result<UniqueFd> openBlob(const Digest& digest) override {
    const auto at = blobs.find(digest.text());
    if (at == blobs.end()) return notFound("There is no blob " + digest.text() + ".");
    return memoryFile(at->second);
  }
  Result<Digest> putBlob(int fd, std::string_view, const GoesOn&) override {
    const std::string bytes = readAll(fd);
    const Digest digest = Digest::of(bytes);
    blobs[digest.text()] = bytes;
    return digest;
  }
  std::optional<std::string> secret(std::string_view name) override {
    const auto at = secrets.find(std::string(name));
    return at == secrets.end() ? std::nullopt : std::optional(at->second);
  }
  int outputFd() override { return output; }
  ProgramRoom programRoom() override { return room; }
  SourcePlace place() override { return {folder, 0}; }

  std::vector<std::string> logs, events, notes;
  std::map<std::string, std::string> blobs, secrets;
  std::function<void()> onProgress, onEvent;
  int output = -1;
  std::string folder;  ///< of the stage; empty = it has none
  ProgramRoom room;
};

/// Programs that are a function: it sees the spec and may write to its descriptors. Several threads
/// may run them at once; `ran` is read when none does.
class ScriptedPrograms final : public Programs {
 public:
  using Script = std::function<ProgramExit(const ProgramSpec&)>;
  ScriptedPrograms() = default;
  explicit ScriptedPrograms(Script script) : script_(std::move(script)) {}

  ProgramExit run(const ProgramSpec& spec, const std::stop_token& stop) override {
    {
      const std::lock_guard lock(mutex_);
      ran.push_back(spec);
    }
    if (stop.stop_requested()) return {.stopped = true};
    return script_ ? script_(spec) : ProgramExit{.code = 0};
  }

  std::vector<ProgramSpec> ran;

 private:
  Script script_;
  std::mutex mutex_;
};

}  // namespace planwright

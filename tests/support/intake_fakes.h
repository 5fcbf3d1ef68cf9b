#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "artifacts/blob_store.h"
#include "artifacts/folder_blobs.h"
#include "base/files.h"
#include "base/guarded.h"
#include "intake/input_recorder.h"
#include "stages/stage.h"

namespace planwright {

/// Blobs in a folder, without a database in front. [any thread]
class FolderOnlyBlobs final : public BlobStore {
 public:
  explicit FolderOnlyBlobs(const std::filesystem::path& root)
      : folder_(std::move(*FolderBlobs::open(root, "test"))) {}
  using BlobStore::stage;
  Result<StagedBlob> stage(int fd, std::int64_t limit, const ReadCheck& check) override {
    return folder_->stage(fd, limit, check);
  }
  StagedBlob stageBytes(std::string_view bytes) override { return folder_->stageBytes(bytes); }
  Result<UniqueFd> open(const Digest& digest) override { return folder_->open(digest); }

  std::string read(const StagedBlob& blob) {
    return blob.content ? *blob.content : readAll(folder_->open(blob.digest)->get());
  }

 private:
  std::unique_ptr<FolderBlobs> folder_;
};

/// The store's part of intake in memory, by the same rules. [any thread]
class MemoryRecorder final : public InputRecorder {
 public:
  struct Input {
    std::string name;
    Digest digest;
    int generation = 1;
    std::string attributesJson;
    bool isSuperseded = false;
    friend bool operator==(const Input&, const Input&) = default;
  };
  using OnRecorded = std::function<void(const RecordedFile&, RecordOutcome)>;

  RecordResult record(const RecordBatch& batch) override {
    auto state = state_.lock();
    ++state->batches;
    if (state->isAway) throw std::runtime_error("the store is away");
    if (!state->isHolder) return {false, {}};
    if (batch.files.size() > kRecordBatch) throw std::logic_error("batch too large");
    RecordResult result;
    std::set<std::string> names;
    for (const RecordedFile& file : batch.files) {
      if (!names.insert(file.name).second) throw std::logic_error("name twice in a batch");
      result.outcomes.push_back(recordOne(*state, batch, file));
      if (state->onRecorded) state->onRecorded(file, result.outcomes.back());
    }
    if (batch.cursor) state->cursor = *batch.cursor;
    return result;
  }
  std::vector<KnownFile> known(std::string_view, std::string_view) override {
    auto state = state_.lock();
    std::vector<KnownFile> out;
    for (const auto& [name, file] : state->files) out.push_back({name, file.signature});
    return out;
  }
  std::string cursor(std::string_view, std::string_view) override { return state_.lock()->cursor; }
  void refused(std::string_view, std::string_view name, std::string_view reason) override {
    state_.lock()->refused.emplace_back(name, reason);
  }
  void sourceEvent(std::string_view, std::string_view type, std::string_view level,
                   std::string_view body) override {
    auto state = state_.lock();
    state->events.emplace_back(type, body);
    state->levels.emplace_back(level);
  }

  std::vector<Input> inputs() { return state_.lock()->inputs; }
  std::size_t inputCount() { return state_.lock()->inputs.size(); }
  std::vector<std::pair<std::string, std::string>> refusals() { return state_.lock()->refused; }
  std::vector<std::pair<std::string, std::string>> events() { return state_.lock()->events; }
  std::vector<std::string> levels() { return state_.lock()->levels; }
  int batches() { return state_.lock()->batches; }
  std::string storedCursor() { return state_.lock()->cursor; }
  void setAway(bool isAway) { state_.lock()->isAway = isAway; }
  void setHolder(bool isHolder) { state_.lock()->isHolder = isHolder; }
  void onRecorded(OnRecorded call) { state_.lock()->onRecorded = std::move(call); }

 private:
  struct File {
    Digest digest;
    StatSignature signature;
    int generation = 0;
  };
  struct State {
    std::map<std::string, File> files;
    std::vector<Input> inputs;
    std::vector<std::pair<std::string, std::string>> refused, events;
    std::vector<std::string> levels;  ///< of the events
    std::string cursor;
    int batches = 0;
    bool isAway = false;
    bool isHolder = true;
    OnRecorded onRecorded;
  };

  static RecordOutcome recordOne(State& state, const RecordBatch& batch, const RecordedFile& file) {
    File& known = state.files[file.name];
    known.signature = file.signature;
    if (known.digest == file.blob.digest) return RecordOutcome::Unchanged;
    known.digest = file.blob.digest;
    ++known.generation;
    if (batch.policy == OverwritePolicy::Latest) {
      for (Input& older : state.inputs) older.isSuperseded |= older.name == file.name;
    }
    state.inputs.push_back({file.name, known.digest, known.generation, file.attributesJson, false});
    return RecordOutcome::Recorded;
  }

  Guarded<State> state_;
};

/// A source that reports what the test told it to.
class ScriptedSource final : public StageInstance {
 public:
  using OnPoll = std::function<StageOutcome(std::string_view cursor, StageCall& call)>;
  /// `user`: of its process; outlives it. Without, it has none of its own.
  explicit ScriptedSource(OnPoll onPoll, const uid_t* user = nullptr)
      : onPoll_(std::move(onPoll)),
        user_(user) {}
  uid_t user() const override { return user_ ? *user_ : StageInstance::user(); }
  StageOutcome call(const StageRequest& request, StageCall& call) override {
    return onPoll_(request.text, call);
  }

 private:
  const OnPoll onPoll_;
  const uid_t* const user_;
};

}  // namespace planwright

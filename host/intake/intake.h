#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/unique_fd.h"
#include "intake/input_recorder.h"
#include "intake/intake_settings.h"
#include "intake/known_files.h"
#include "intake/polled_source.h"
#include "intake/snapshot.h"
#include "intake/stable_files.h"
#include "stages/stage_call.h"

namespace planwright {

/// What an Intake works with. References outlive it.
struct IntakeParts {
  std::unique_ptr<StageInstance> source;
  InputRecorder& recorder;
  BlobStore& blobs;
  const Clock& clock;
  Metrics& metrics;
  std::function<bool()> isHolder;  ///< may this instance poll the source now? empty = always; quick
};

struct IntakeStatus {
  WallTime lastPollAt;  ///< of the last poll that worked
  std::string problem;  ///< why nothing is recorded at the moment, or ""
  bool isHolder = false;
  std::uint64_t recorded = 0;   ///< new inputs since the start
  std::uint64_t unchanged = 0;  ///< files whose content was recorded before
  std::uint64_t refused = 0;
  std::uint64_t retaken = 0;  ///< snapshots given up because of a writer
};

/// Turns what one source of one queue reports into recorded files: waits until a file is stable,
/// copies it into the blob store, hands up to kRecordBatch of them to the recorder at a time. A
/// file leaves the arriving list only after its transaction, so a failure anywhere only means
/// another look. Changed settings = destroy it and make another one; that takes milliseconds, also
/// during a long copy. step() is the whole of it; start() gives it a thread. [one thread; arriving,
/// status, wake: any]
class Intake {
 public:
  Intake(IntakeSettings settings, IntakeParts parts);
  ~Intake();
  Intake(const Intake&) = delete;
  Intake& operator=(const Intake&) = delete;

  void start();
  /// Does what is due now and says how long there is nothing to do, unless the source's descriptor
  /// becomes readable. Throws when the store or the blob store is away.
  std::chrono::nanoseconds step();
  void wake();
  /// The source is polled at once, as soon as this is its holder.
  void pollNow() {
    source_.pollSoon();
    wake();
  }

  /// Files seen but not recorded, by name, after the name `after`.
  std::vector<ArrivingFile> arriving(std::size_t limit, std::string_view after = {});
  std::size_t arrivingCount() { return files_.lock()->size(); }
  IntakeStatus status() { return *status_.lock(); }
  const IntakeSettings& settings() const { return settings_; }

 private:
  struct Origin {
    const std::string* folder;  ///< a key of folders_
    std::string attributesJson;
  };

  void run(const std::stop_token& stop);
  void measure(std::string_view name, double value);
  bool becomeHolder();
  void readKnown();
  bool isPollDue();
  void pollSource();
  /// What the last poll brought; each thing is dropped when dealt with: none is lost by a throw.
  void handleFound();
  void report(const SourceCall::Event& event);
  void take(const SourceItem& item);
  void takeBlob(const SourceItem& item);
  void lookAt(const std::string& name, const std::string& folder);
  /// The file waits for the next process.
  void awaitProcess(const std::string& name, const StatSignature& signature);
  /// False: another instance has become the holder.
  bool recordDue();
  /// The file as it goes into the batch, or nullopt: it is dealt with, or waits.
  std::optional<RecordedFile> snapshot(const ArrivingFile& file);
  std::vector<RecordedFile> firstReady() const;
  std::vector<RecordedFile> takeSnapshots();
  bool record(const RecordBatch& batch);
  void refuse(const std::string& name, const StatSignature& signature, const std::string& reason);
  void refuseName(const std::string& name, const std::string& reason);
  void forget(const std::string& name);
  void tellMissingLease(const std::string& folder);
  int folderFd(const std::string& folder);  ///< -1: it is not there
  std::size_t backlog();
  std::chrono::nanoseconds timeToNextStep();
  std::chrono::nanoseconds retryTime() const;
  void waitForSign(std::chrono::nanoseconds time);

  const IntakeSettings settings_;
  InputRecorder& recorder_;
  BlobStore& blobs_;
  const Clock& clock_;
  Metrics& metrics_;
  const std::function<bool()> isHolder_;
  Snapshots snapshots_;
  const UniqueFd wakeFd_;
  PolledSource source_;

  bool wasHolder_ = false;
  std::string cursor_;        ///< the source's newest
  std::string storedCursor_;  ///< the recorder's
  std::deque<SourceCall::Event> foundEvents_;
  std::deque<SourceItem> found_;
  KnownFiles known_;
  std::size_t mostKnown_ = 0;                        ///< beyond it they are read anew
  std::unordered_map<std::string, Origin> origins_;  ///< of every arriving file
  std::map<std::string, UniqueFd> folders_;          ///< by path; open during a step only
  std::vector<RecordedFile> ready_;                  ///< blobs of the source, not recorded yet
  std::unordered_set<std::size_t> refusedNames_;     ///< hashes, so that each is told once
  bool toldMissingLease_ = false;

  Guarded<StableFiles> files_;
  Guarded<IntakeStatus> status_;
  std::atomic<bool> isStopping_{false};
  std::jthread thread_;
};

}  // namespace planwright

#include <algorithm>
#include <atomic>
#include <map>
#include <thread>

#include <gtest/gtest.h>

#include "intake/intake.h"
#include "support/folder_plugin.h"
#include "support/intake_fakes.h"

namespace planwright::missed_files_test {
namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

/// Real files, the real source, an Intake that can be killed and made again; only the store is a
/// fake.
struct MissedFiles : testing::Test {
  std::unique_ptr<Intake> newIntake(const std::string& settings = {}) {
    auto intake =
        std::make_unique<Intake>(IntakeSettings{.stableFor = 0ms},
                                 IntakeParts{plugins.folderSource(in, settings), recorder, blobs,
                                             clock, metrics, [this] { return isHolder.load(); }});
    intake->start();
    return intake;
  }
  void drop(int from, int to) {
    std::string bytes(1024, 'x');
    for (int i = from; i < to; ++i) {
      const std::string name = std::to_string(i);
      folder.write("in/" + name, bytes.replace(0, name.size(), name));
    }
  }
  bool waitForInputs(std::size_t count, std::chrono::seconds time = 60s) {
    const auto deadline = SteadyClock::now() + time;
    while (recorder.inputCount() < count && SteadyClock::now() < deadline) {
      std::this_thread::sleep_for(5ms);
    }
    return recorder.inputCount() == count;
  }

  BundledPlugins plugins;
  TempFolder folder;
  const std::filesystem::path in = folder / "in";
  bool made = std::filesystem::create_directory(in);
  FolderOnlyBlobs blobs{folder / "blobs"};
  SystemClock clock;
  Metrics metrics;
  MemoryRecorder recorder;
  std::atomic<bool> isHolder = true;
};

TEST_F(MissedFiles, TwentyThousandFilesOverflowTheQueueAndNoneIsMissed) {
  constexpr int kFiles = 20'000;
  const int queued = std::stoi(readFile("/proc/sys/fs/inotify/max_queued_events"));
  auto intake = newIntake();
  drop(0, 1);
  ASSERT_TRUE(waitForInputs(1)) << "it watches";

  isHolder = false;  // nobody reads the kernel's queue
  std::this_thread::sleep_for(300ms);
  drop(1, kFiles / 2);
  // Each file is two events or more.
  EXPECT_LT(queued, kFiles) << "fs.inotify.max_queued_events is too large to overflow here";
  isHolder = true;
  intake->wake();
  {
    const std::jthread dropping([this] { drop(kFiles / 2, kFiles); });
    for (int restart = 0; restart < 2; ++restart) {
      std::this_thread::sleep_for(100ms);
      intake = newIntake();
    }
  }
  EXPECT_TRUE(waitForInputs(kFiles)) << recorder.inputCount();
  std::map<std::string, int> seen;
  for (const auto& input : recorder.inputs()) ++seen[input.name];
  for (int i = 0; i < kFiles; ++i) ASSERT_EQ(seen[std::to_string(i)], 1) << i;
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(kFiles));
}

TEST_F(MissedFiles, AFileIsRecordedRightAfterItIsClosed) {
  auto intake = newIntake();
  std::atomic<int> newest = -1;
  recorder.onRecorded([&](const RecordedFile& file, RecordOutcome) {
    if (file.blob.sizeBytes < 1024) return;  // seen before all of it was written
    newest = std::stoi(file.name);
    newest.notify_all();
  });
  std::vector<double> tookMs, medians;
  for (int i = 0; i < 300; ++i) {
    std::this_thread::sleep_for(2ms);
    drop(i, i + 1);
    const auto closed = SteadyClock::now();
    for (int at = newest; at < i; at = newest) newest.wait(at);
    tookMs.push_back(
        std::chrono::duration<double, std::milli>(SteadyClock::now() - closed).count());
    if (tookMs.size() < 30) continue;
    std::sort(tookMs.begin(), tookMs.end());
    medians.push_back(tookMs[15]);
    tookMs.clear();
  }
  std::sort(medians.begin(), medians.end());
  std::printf("closed -> recorded, medians of 30: %.3f to %.3f ms\n", medians[0], medians[9]);
  EXPECT_LT(medians[0], 3.0);  // the best of ten, for machines that others use too
}

TEST_F(MissedFiles, ThousandsOfFilesPerSecond) {
  constexpr int kFiles = 10'000;
  drop(0, kFiles);
  const auto start = SteadyClock::now();
  for (int i = 0; i < kFiles; ++i)
    ASSERT_TRUE(blobs.stageBytes(readFile(in / std::to_string(i))).content);
  const auto begin = SteadyClock::now();
  auto intake = newIntake();
  ASSERT_TRUE(waitForInputs(kFiles));
  const std::chrono::duration<double> took = SteadyClock::now() - begin, alone = begin - start;
  std::printf("recorded %d files of 1 KiB: %.0f/s, bare loop %.0f/s\n", kFiles,
              kFiles / took.count(), kFiles / alone.count());
  EXPECT_LT(took, alone * 12);
}

TEST_F(MissedFiles, AnIntakeStopsInTheMiddleOfALargeCopy) {
  folder.write("in/large", std::string(300 << 20, 'x'));
  auto intake = newIntake();
  std::this_thread::sleep_for(50ms);
  const auto begin = SteadyClock::now();
  intake.reset();
  EXPECT_LT(SteadyClock::now() - begin, 1s);
  EXPECT_TRUE(recorder.inputs().empty());
}

}  // namespace
}  // namespace planwright::missed_files_test

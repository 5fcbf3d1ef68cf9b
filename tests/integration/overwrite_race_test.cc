#include <atomic>
#include <mutex>
#include <random>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include "base/digest.h"
#include "base/metrics.h"
#include "intake/intake.h"
#include "support/folder_plugin.h"
#include "support/intake_fakes.h"

namespace planwright::overwrite_race_test {
namespace {

using namespace std::chrono_literals;

constexpr int kWriters = 8;
constexpr int kBursts = 10;
constexpr int kOverwritesPerWriter = 25;  ///< and burst: 2,000 in all
constexpr auto kStableFor = 2ms;
constexpr auto kPause = 5ms;  ///< longer than that, in the middle of writing

/// A text that says how long it is and what its digest is, so that a torn one gives itself away.
std::string newVersion(int writer, int number, std::size_t bodyBytes) {
  std::string body = fmt::format("{} {} ", writer, number);
  while (body.size() < bodyBytes) body += fmt::format("{:x} ", body.size() * 2654435761u + number);
  return fmt::format("{} {}\n{}", body.size(), Digest::of(body).hex(), body);
}

bool isWhole(const std::string& content) {
  const std::size_t line = content.find('\n');
  if (line == std::string::npos) return false;
  const std::string body = content.substr(line + 1);
  return content.substr(0, line) == fmt::format("{} {}", body.size(), Digest::of(body).hex());
}

/// Eight programs that overwrite one file in five ways. In-place writers take turns, as programs
/// that share a file must; renamers do not care.
class Writers {
 public:
  explicit Writers(std::filesystem::path file) : file_(std::move(file)) {}

  void burst(int burst) {
    std::vector<std::jthread> threads;
    for (int writer = 0; writer < kWriters; ++writer) {
      threads.emplace_back([this, writer, burst] { writeMany(writer, burst); });
    }
  }

 private:
  void writeMany(int writer, int burst) {
    std::minstd_rand random(static_cast<unsigned>(writer * 1000 + burst + 1));
    for (int i = 0; i < kOverwritesPerWriter; ++i) {
      const int number = burst * kOverwritesPerWriter + i;
      const std::size_t size =
          random() % 4 == 0 ? 20'000 + random() % 40'000 : 50 + random() % 5'000;
      const auto pause = random() % 4 == 0 ? kPause : std::chrono::milliseconds(0);
      overwrite(static_cast<int>(random() % 5), writer, newVersion(writer, number, size), pause);
      std::this_thread::sleep_for(std::chrono::microseconds(random() % 4000));
    }
  }

  void overwrite(int style, int writer, const std::string& text, std::chrono::milliseconds pause) {
    if (style == 0) return renameOver(writer, text);
    const std::lock_guard turn(turn_);
    const int flags = O_RDWR | O_CREAT | O_CLOEXEC | (style == 1 || style == 2 ? O_TRUNC : 0);
    UniqueFd fd(::open(file_.c_str(), flags, 0644));
    ASSERT_TRUE(fd);
    switch (style) {
      case 1:  // slow append
        for (std::size_t at = 0; at < text.size(); at += text.size() / 4 + 1) {
          writeAll(fd.get(), std::string_view(text).substr(at, text.size() / 4 + 1));
          std::this_thread::sleep_for(pause / 2);
        }
        break;
      case 2:  // truncate and rewrite
        std::this_thread::sleep_for(pause);
        writeAll(fd.get(), text);
        break;
      case 3:  // preallocate and fill from the back
        ASSERT_EQ(::ftruncate(fd.get(), 0), 0);
        ASSERT_EQ(::posix_fallocate(fd.get(), 0, static_cast<off_t>(text.size())), 0);
        fillHalf(fd.get(), text, text.size() / 2, text.size());
        std::this_thread::sleep_for(pause);
        fillHalf(fd.get(), text, 0, text.size() / 2);
        break;
      default:
        writeThroughMapping(std::move(fd), text, pause);
    }
  }

  static void fillHalf(int fd, const std::string& text, std::size_t from, std::size_t to) {
    ASSERT_EQ(::pwrite(fd, text.data() + from, to - from, static_cast<off_t>(from)),
              static_cast<ssize_t>(to - from));
  }

  void renameOver(int writer, const std::string& text) {
    const auto temp = file_.parent_path() / fmt::format(".new-{}", writer);
    {
      const UniqueFd fd(::open(temp.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
      writeAll(fd.get(), text);
    }
    std::filesystem::rename(temp, file_);
  }

  /// The descriptor is closed at once; the stores after the pause change no time stamp.
  static void writeThroughMapping(UniqueFd fd, const std::string& text,
                                  std::chrono::milliseconds pause) {
    ASSERT_EQ(::ftruncate(fd.get(), static_cast<off_t>(text.size())), 0);
    void* const map = ::mmap(nullptr, text.size(), PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
    ASSERT_NE(map, MAP_FAILED);
    fd.reset();
    auto* const bytes = static_cast<char*>(map);
    std::fill_n(bytes, text.size(), '-');
    std::this_thread::sleep_for(pause);
    std::copy_n(text.data(), text.size() / 2, bytes);
    std::this_thread::sleep_for(pause);
    std::copy_n(text.data() + text.size() / 2, text.size() - text.size() / 2,
                bytes + text.size() / 2);
    ::munmap(map, text.size());
  }

  const std::filesystem::path file_;
  std::mutex turn_;
};

TEST(OverwriteRace, NoSnapshotIsTornAndTheLastVersionOfEveryBurstIsRecorded) {
  BundledPlugins plugins;
  TempFolder folder;
  std::filesystem::create_directory(folder / "in");
  FolderOnlyBlobs blobs(folder / "blobs");
  SystemClock clock;
  Metrics metrics;
  MemoryRecorder recorder;
  std::atomic<int> recorded = 0, torn = 0;
  Guarded<Digest> newest;
  recorder.onRecorded([&](const RecordedFile& file, RecordOutcome) {
    ++recorded;
    if (!isWhole(blobs.read(file.blob))) ++torn;
    *newest.lock() = file.blob.digest;
  });
  Intake intake({.stableFor = kStableFor},
                {plugins.folderSource(folder / "in"), recorder, blobs, clock, metrics, {}});
  intake.start();

  Writers writers(folder / "in" / "contested.bin");
  for (int burst = 0; burst < kBursts; ++burst) {
    writers.burst(burst);
    const Digest last = Digest::of(readFile(folder / "in" / "contested.bin"));
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (*newest.lock() != last && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(1ms);
    }
    EXPECT_EQ(newest.lock()->text(), last.text()) << "burst " << burst;
  }
  EXPECT_EQ(torn, 0) << "of " << recorded;
  EXPECT_GE(recorded, 5 * kBursts) << "the race was hardly run";
  EXPECT_GE(intake.status().retaken, static_cast<std::uint64_t>(kBursts));
  RecordProperty("snapshots", recorded);
  std::printf("overwrites=2000 snapshots=%d torn=%d given_up=%lu\n", recorded.load(), torn.load(),
              intake.status().retaken);
}

}  // namespace
}  // namespace planwright::overwrite_race_test

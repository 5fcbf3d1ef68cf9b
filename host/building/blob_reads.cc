#include "building/blob_reads.h"

#include <chrono>
#include <utility>

#include "artifacts/checked_files.h"
#include "base/log.h"
#include "base/take_from.h"
#include "base/threads.h"

namespace planwright {
namespace {

/// A file that was written a moment ago is read once more after this time, a little more than
/// CheckedFiles needs: until then nobody remembers that it was read.
constexpr std::chrono::milliseconds kYoung = CheckedFiles::kTick * 5 / 4;

}  // namespace

BlobReads::BlobReads(BlobStore& blobs, std::function<void(const JobPlace&)> done)
    : blobs_(blobs),
      done_(std::move(done)),
      thread_(startThread("pw-build-r", [this](const std::stop_token& stop) { run(stop); })) {}

void BlobReads::add(std::vector<UnreadResult> results) {
  {
    auto waiting = waiting_.lock();
    for (auto& result : results) waiting->push_back(std::move(result));
  }
  waiting_.notifyOne();
}

void BlobReads::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const auto next = takeFrom(waiting_, std::chrono::hours(1), stop);
    if (!next) continue;
    try {
      for (const auto& digest : next->digests) {
        if (stop.stop_requested() || !blobs_.open(digest)) break;  // the cache sees that it is lost
        if (blobs_.isOpenedAtOnce(digest)) continue;
        if (!sleepFor(kYoung, stop) || !blobs_.open(digest)) break;
      }
    } catch (const std::exception& e) {  // whoever asks again hears of it
      log::debug("a cached result cannot be read: {}", e.what());
    }
    done_(next->place);
  }
}

}  // namespace planwright

#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/files.h"
#include "base/json.h"
#include "base/unavailable.h"
#include "control/control.h"
#include "support/services.h"
#include "support/temp_folder.h"

namespace planwright {

/// Lists of ids in memory, with a switch that makes them go away.
class MemoryTickets final : public Tickets {
 public:
  std::int64_t push(const std::string& list, const std::vector<std::int64_t>& ids) override {
    if (isAway) throw Unavailable("Redis is away.");
    auto& all = lists[list];
    all.insert(all.end(), ids.begin(), ids.end());
    return static_cast<std::int64_t>(all.size());
  }
  void putBack(const std::string& list, const std::vector<std::int64_t>& ids) override {
    auto& all = lists[list];
    all.insert(all.begin(), ids.begin(), ids.end());
  }
  std::vector<std::int64_t> pop(const std::string& list, std::size_t max,
                                std::chrono::milliseconds) override {
    auto& all = lists[list];
    const auto count = static_cast<std::ptrdiff_t>(std::min(max, all.size()));
    std::vector<std::int64_t> out(all.begin(), all.begin() + count);
    all.erase(all.begin(), all.begin() + count);
    return out;
  }
  std::int64_t length(const std::string& list) override {
    return static_cast<std::int64_t>(lists[list].size());
  }
  std::vector<std::int64_t> all(const std::string& list) override { return lists[list]; }

  std::map<std::string, std::vector<std::int64_t>> lists;
  bool isAway = false;
};

/// Blobs of any size in memory.
class MemoryBlobs final : public BlobStore {
 public:
  using BlobStore::stage;
  Result<StagedBlob> stage(int fd, std::int64_t limitBytes, const ReadCheck&) override {
    const std::string bytes = readAll(fd);
    if (static_cast<std::int64_t>(bytes.size()) > limitBytes)
      return Error{ErrorKind::TooLarge, "It is too large.", {}, {}};
    return stageBytes(bytes);
  }
  StagedBlob stageBytes(std::string_view bytes) override {
    StagedBlob blob{Digest::of(bytes), static_cast<std::int64_t>(bytes.size()), {}};
    if (blob.sizeBytes <= kSmallBlobBytes) blob.content = std::string(bytes);
    blobs[blob.digest.text()] = bytes;
    return blob;
  }
  Result<UniqueFd> open(const Digest& digest) override {
    const auto found = blobs.find(digest.text());
    if (found == blobs.end()) return notFound("There is no blob " + digest.text() + ".");
    return memoryFile(found->second);
  }
  std::map<std::string, std::string> blobs;
};

/// Control on a database of its own with the queues `default` and `other`, both manual; watch_dir
/// may change in the first and is locked in the second.
class ControlFixture : public testing::Test {
 protected:
  static void SetUpTestSuite();
  ControlFixture();

  /// One claim of that input and a plan of these jobs ("a b" = job a, job b needs a), as a worker
  /// does.
  std::int64_t planInput(std::int64_t input, const std::string& jobsText);
  /// A claim of the plan and its jobs; the first runs. Gives the build.
  std::int64_t startBuild(std::int64_t plan);
  /// Ends a started build: every job `status`.
  void finishBuild(std::int64_t plan, const std::string& status);
  /// Stores what its latest build left: the file `out` of job `a`. Gives the digest.
  std::string manifest(std::int64_t plan);
  std::int64_t upload(const std::string& name, const std::string& text,
                      const std::string& queue = "default");
  Rows sql(const std::string& text);
  static JsonDocument parsed(const std::string& text);

  TempFolder folder_;
  Config config_;
  Live<Config> live_{config_};
  MemoryTickets* redis_ = nullptr;  ///< owned by desk_
  SigningKey signingKey_;
  Database database_;
  TicketDesk desk_;
  MemoryBlobs blobs_;
  Bell bell_;
  SystemClock clock_;
  Metrics metrics_;
  Membership membership_;
  LogWriter logs_{folder_ / "data/blobs/logs"};
  std::unique_ptr<Host> host_;
  std::int64_t instance_ = 0;
  std::unique_ptr<Control> control_;
};

}  // namespace planwright

#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace planwright {

/// A private Postgres and Redis for the integration tests of one process, in a temporary folder:
/// started at first use (about 0.8 s), ended and removed at exit. Any thread.
///   const std::string database = TestServices::get().freshDatabase();
class TestServices {
 public:
  static TestServices& get();

  /// Runs `migrate(url)` once on a database that every later freshDatabase() is a copy of.
  void useSchema(const std::function<void(const std::string& url)>& migrate);

  /// The URL of a new database of its own (some 30 ms).
  std::string freshDatabase();
  /// The URL of an empty Redis database of its own.
  std::string redisUrl();

  /// For tests that kill and restart them.
  class EmbeddedServices& services();

 private:
  TestServices();
  ~TestServices();
  struct State;
  std::unique_ptr<State> state_;
};

/// A folder below /tmp, open to other users, removed with everything in it. Holds no more than a
/// path.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace planwright

#pragma once

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

 private:
  TestServices();
  ~TestServices();
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace planwright

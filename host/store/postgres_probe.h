#pragma once

#include <chrono>
#include <memory>
#include <string>

namespace planwright {

/// Asks Postgres whether it answers, on a connection of its own, and never waits longer than it was
/// told, not even for a server that hangs. One thread.
class PostgresProbe {
 public:
  explicit PostgresProbe(std::string url);
  ~PostgresProbe();
  PostgresProbe(const PostgresProbe&) = delete;
  PostgresProbe& operator=(const PostgresProbe&) = delete;

  /// False: no answer came in that time. Throws Unavailable when nobody is there.
  bool ask(std::chrono::milliseconds patience);

 private:
  struct State;
  std::string url_;
  std::unique_ptr<State> state_;
};

}  // namespace planwright

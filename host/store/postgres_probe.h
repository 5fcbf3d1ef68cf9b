#pragma once

#include <chrono>
#include <memory>
#include <string>

namespace planwright {

/// Asks Postgres whether it answers and may be written to, on a connection of its own, and never
/// waits longer than it was told, not even for a server that hangs. One thread.
class PostgresProbe {
 public:
  explicit PostgresProbe(std::string url);
  ~PostgresProbe();
  PostgresProbe(const PostgresProbe&) = delete;
  PostgresProbe& operator=(const PostgresProbe&) = delete;

  /// False: no answer came in that time. Throws Unavailable when nobody is there, or it
  /// is read-only.
  bool ask(std::chrono::milliseconds patience);
  /// max_connections of the server, or 0: no answer came in that time. Throws like ask().
  int room(std::chrono::milliseconds patience);

 private:
  struct State;
  void open(std::chrono::steady_clock::time_point deadline);
  std::string url_;
  std::unique_ptr<State> state_;
};

}  // namespace planwright

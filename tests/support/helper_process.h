#pragma once

#include <map>
#include <string>
#include <vector>

#include <sys/types.h>

namespace planwright {

/// This test program once more, running one of its DISABLED_ tests as a process that can be killed:
/// a host as seen from outside. It gets the environment variables on top of ours and is killed by
/// the destructor.
///   HelperProcess host("Host", {{"DATA", folder}});       // runs TEST(Host, DISABLED_Helper)
/// A fork would do, but threads and sanitizers do not survive it.
class HelperProcess {
 public:
  /// `asUser` != 0 runs it as that user and group (only root can).
  HelperProcess(const std::string& suite, const std::map<std::string, std::string>& environment,
                uid_t asUser = 0);
  ~HelperProcess();
  HelperProcess(const HelperProcess&) = delete;
  HelperProcess& operator=(const HelperProcess&) = delete;

  pid_t pid() const { return pid_; }
  void signal(int number) const;
  void killAndReap();

 private:
  pid_t pid_ = -1;
};

/// Runs a program to its end; its exit code.
int runToEnd(const std::vector<std::string>& argv);

/// Whether the process lives, zombies not counted.
bool isAlive(pid_t pid);

/// The number in a file that somebody else writes, or 0.
pid_t pidIn(const std::string& file);

/// Looks again every 5 ms until it holds; false after half a minute.
template <class Condition>
bool eventually(Condition condition);

}  // namespace planwright

#include <chrono>
#include <thread>

template <class Condition>
bool planwright::eventually(Condition condition) {
  for (int i = 0; i < 6000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

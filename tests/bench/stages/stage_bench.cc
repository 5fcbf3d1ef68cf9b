// stage_bench PROGRAM PLUGIN_FOLDER WORK_FOLDER: what a stage call costs in this process and in a
// worker of `planwright`, and what the start of a worker costs, beside the limits of the machine:
// a call through a pointer, a byte there and back between two processes, the start of /bin/true.
// Prints one JSON object of medians.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "programs/keeper.h"
#include "stages/module_services.h"
#include "stages/registry.h"
#include "stages/stage_call.h"

namespace planwright {
namespace {

constexpr int kRounds = 9;
constexpr const char* kPlugin = "planwright.noop-planner";

/// The median over rounds of the mean time of one `action`, in nanoseconds.
template <class Action>
double nanos(int times, Action action) {
  std::vector<double> rounds;
  for (int round = 0; round < kRounds; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < times; ++i) action();
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
    rounds.push_back(took.count() / times);
  }
  std::nth_element(rounds.begin(), rounds.begin() + kRounds / 2, rounds.end());
  return rounds[kRounds / 2];
}

/// The median of single actions.
template <class Action>
double medianNanos(int times, Action action) {
  std::vector<double> each;
  for (int i = 0; i < times; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    action();
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
    each.push_back(took.count());
  }
  std::nth_element(each.begin(), each.begin() + times / 2, each.end());
  return each[static_cast<std::size_t>(times) / 2];
}

/// A process that sends back what it gets, as a worker would that did nothing.
class Echo {
 public:
  Echo(const Echo&) = delete;
  Echo& operator=(const Echo&) = delete;
  Echo() {
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends_) != 0) std::abort();
    pid_ = ::fork();
    if (pid_ == 0) {
      ::close(ends_[0]);
      char bytes[512];
      for (ssize_t n; (n = ::read(ends_[1], bytes, sizeof bytes)) > 0;)
        if (::write(ends_[1], bytes, static_cast<std::size_t>(n)) != n) break;
      ::_exit(0);
    }
    ::close(ends_[1]);
  }
  ~Echo() {
    ::close(ends_[0]);
    ::waitpid(pid_, nullptr, 0);
  }
  void thereAndBack() {
    char bytes[256] = {};
    if (::write(ends_[0], bytes, sizeof bytes) != sizeof bytes) std::abort();
    if (::read(ends_[0], bytes, sizeof bytes) <= 0) std::abort();
  }

 private:
  int ends_[2];
  pid_t pid_;
};

void startTrue() {
  char name[] = "/bin/true";
  char* argv[] = {name, nullptr};
  pid_t pid = 0;
  if (::posix_spawn(&pid, name, nullptr, nullptr, argv, nullptr) != 0) std::abort();
  ::waitpid(pid, nullptr, 0);
}

StageOutcome nothing(const StageInput& input) {
  StageOutcome out;
  out.text = input.content;
  return out;
}

int measure(const char* program, const char* pluginFolder, const char* workFolder) {
  double echo = 0;
  {
    Echo process;  // forked before there are threads
    echo = medianNanos(5000, [&] { process.thereAndBack(); });
  }
  const double spawn = medianNanos(100, [] { startTrue(); });

  Keeper keeper{KeeperOptions{program, 60'000, -1}};
  const std::filesystem::path work = workFolder;
  const Plugins plugins({{pluginFolder}, work / "store", work / "work"}, keeper);
  ModuleServices services(kPlugin);
  StageInput input{"1", "a.txt", "sha256:0", "", "{}", std::string(64, 'x'), 64, true, 1};
  const auto planWith = [&](StageInstance& planner) {
    StageCall call(services);
    if (planner.plan(input, call).failure) std::abort();
  };
  const StageRoom room{StageRoom::Isolation::Process, {}};
  auto here = plugins.planner(kPlugin, "q", "{}");
  auto there = plugins.planner(kPlugin, "q", "{}", room);
  if (!here || !there) return 1;
  StageOutcome (*volatile direct)(const StageInput&) = nothing;
  const double limit = nanos(100'000, [&] { direct(input); });
  const double inproc = nanos(100'000, [&] { planWith(**here); });
  const double child = medianNanos(5000, [&] { planWith(**there); });
  std::vector<std::unique_ptr<StageInstance>> started;
  const double start = medianNanos(60, [&] {
    auto made = plugins.planner(kPlugin, "q", "{}", room);
    if (!made) std::abort();
    started.push_back(std::move(*made));
  });
  std::printf(
      "{\"call_limit_ns\": %.1f, \"inproc_ns\": %.1f, \"echo_us\": %.2f, "
      "\"child_us\": %.2f, \"spawn_ms\": %.3f, \"start_ms\": %.3f}\n",
      limit, inproc, echo / 1e3, child / 1e3, spawn / 1e6, start / 1e6);
  return 0;
}

}  // namespace
}  // namespace planwright

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  return planwright::measure(argv[1], argv[2], argv[3]);
}

#include "application/serve.h"

#include <cstdio>
#include <thread>

#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "application/application.h"
#include "base/log.h"
#include "base/open_files.h"
#include "base/threads.h"

namespace planwright {
namespace {

sigset_t stopSignals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

/// Waits for SIGTERM or SIGINT. The first asks for a drain, the second ends the process at once:
/// what it held is given back by reconcile.
std::jthread listenForSignals(std::stop_source& stop) {
  return startThread("pw-signals", [&stop](const std::stop_token& token) {
    const sigset_t signals = stopSignals();
    const timespec second{1, 0};
    bool isDraining = false;
    while (!token.stop_requested()) {
      if (sigtimedwait(&signals, nullptr, &second) < 0) continue;
      if (isDraining) {
        log::warn("stopped at once by a second signal");
        ::_exit(130);
      }
      isDraining = true;
      log::info("draining; a second signal stops at once");
      stop.request_stop();
    }
  });
}

}  // namespace

int serve(const Config& config, const ServeOptions&) {
  ::signal(SIGPIPE, SIG_IGN);
  raiseOpenFileLimit();
  const sigset_t signals = stopSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // before any thread: all inherit it
  std::stop_source stop;
  const std::jthread listener = listenForSignals(stop);
  try {
    const Application application(config, stop.get_token());
    if (!application.url().empty())
      fmt::print("planwright ready {}\n", application.url());
    else
      fmt::print("planwright ready\n");
    std::fflush(stdout);
    while (sleepFor(std::chrono::hours(1), stop.get_token())) {
    }
  } catch (const std::exception& e) {
    if (stop.stop_requested()) return 0;
    fmt::print(stderr, "planwright serve: {}\n", e.what());
    return 1;
  }
  log::info("stopped");
  return 0;
}

}  // namespace planwright

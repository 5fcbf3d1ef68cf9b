#include "application/serve.h"

#include <cstdio>
#include <thread>

#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "application/application.h"
#include "base/guarded.h"
#include "base/log.h"
#include "base/open_files.h"
#include "base/threads.h"
#include "base/unavailable.h"

namespace planwright {
namespace {

sigset_t stopSignals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGHUP);
  return set;
}

/// Waits for signals. SIGHUP asks for a reload. The first SIGTERM or SIGINT asks for a drain, the
/// second ends the process at once: what it held is given back by reconcile.
std::jthread listenForSignals(std::stop_source& stop, Guarded<bool>& reload) {
  return startThread("pw-signals", [&stop, &reload](const std::stop_token& token) {
    const sigset_t signals = stopSignals();
    const timespec second{1, 0};
    bool isDraining = false;
    while (!token.stop_requested()) {
      const int signal = sigtimedwait(&signals, nullptr, &second);
      if (signal < 0) continue;
      if (signal == SIGHUP) {
        *reload.lock() = true;
        reload.notifyAll();
        continue;
      }
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

void warnOfMissing(const Config& config) {
  for (const auto& problem : missingFiles(config)) log::warn("{}", problem.text());
}

/// A host goes on without it: `planwright login-link` makes another.
void printLoginUrl(const Application& application) {
  try {
    if (const std::string login = application.loginUrl(); !login.empty())
      fmt::print(stderr, "Sign a browser in, once, within 10 minutes: {}\n", login);
  } catch (const Unavailable& e) {
    log::warn("no link to sign in with: {}", e.what());
  }
}

}  // namespace

int serve(const Config& config, const ServeOptions& options) {
  ::signal(SIGPIPE, SIG_IGN);
  raiseOpenFileLimit();
  const sigset_t signals = stopSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // before any thread: all inherit it
  std::stop_source stop;
  Guarded<bool> isReloadAsked;
  const std::jthread listener = listenForSignals(stop, isReloadAsked);
  warnOfMissing(config);
  const auto reread = [&](const std::optional<std::string>& text) {
    ReadConfig read = readConfiguration(options, text);
    if (read.ok()) warnOfMissing(read.config);
    return read;
  };
  try {
    Application application(config, reread, stop.get_token());
    if (!application.url().empty())
      fmt::print("planwright ready {}\n", application.url());
    else
      fmt::print("planwright ready\n");
    std::fflush(stdout);
    printLoginUrl(application);
    while (!stop.stop_requested()) {
      {
        auto asked = isReloadAsked.waitFor(std::chrono::hours(1), stop.get_token(),
                                           [](bool now) { return now; });
        if (!std::exchange(*asked, false)) continue;
      }
      application.reloadBySignal();
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

#include "embedded/supervised_server.h"

#include <stdexcept>
#include <system_error>

#include "base/files.h"
#include "base/log.h"

namespace planwright {
namespace {

using std::chrono::milliseconds;

/// The last lines of the log, for the message about a server that does not start.
std::string endOf(const std::filesystem::path& file) {
  constexpr std::size_t kLastBytes = 1500;
  try {
    std::string text = readFile(file);
    if (text.size() <= kLastBytes) return text;
    const std::size_t line = text.find('\n', text.size() - kLastBytes);
    return text.substr(line == std::string::npos ? text.size() - kLastBytes : line + 1);
  } catch (const std::system_error&) {
    return {};
  }
}

}  // namespace

void SupervisedServer::launch() {
  endLeftovers(spec_.folder, spec_.processName, spec_.stopSteps.front().signal);
  for (const auto& file : spec_.staleFiles) std::filesystem::remove(file);
  process_ = ServerProcess(spec_.command);
  launchedAt_ = Steady::now();
  isUp_ = true;
  log::info("starting service={} pid={}", spec_.name, process_.pid());
}

void SupervisedServer::waitUntilAnswering(const std::stop_token& stop) {
  auto nextWord = Steady::now() + std::chrono::seconds(10);
  while (!spec_.answers()) {
    if (process_.waitFor(milliseconds(5)))
      throw std::runtime_error("the private " + spec_.name + " " + process_.howItEnded() +
                               " while starting. Its log " + spec_.command.logFile.string() +
                               " ends:\n" + endOf(spec_.command.logFile));
    if (stop.stop_requested())
      throw std::runtime_error("stopped while " + spec_.name + " was starting");
    if (Steady::now() < nextWord) continue;
    log::info("waiting service={} reason=\"still recovering\" log={}", spec_.name,
              spec_.command.logFile.string());
    nextWord += std::chrono::seconds(10);
  }
  log::info("started service={} pid={} took={}ms", spec_.name, process_.pid(),
            std::chrono::duration_cast<milliseconds>(Steady::now() - launchedAt_).count());
}

void SupervisedServer::noteDeath() {
  constexpr std::chrono::seconds kHealthy(60);
  if (Steady::now() - launchedAt_ > kHealthy) pause_.reset();
  const milliseconds wait = pause_.next();
  notBefore_ = Steady::now() + wait;
  isUp_ = false;
  log::error("service={} {}; starting it again in {}ms log={}", spec_.name, process_.howItEnded(),
             wait.count(), spec_.command.logFile.string());
}

void SupervisedServer::keepRunning() {
  if (isUp_ && process_.isRunning()) return;
  if (isUp_) noteDeath();
  if (Steady::now() < notBefore_) return;
  try {
    launch();
    log::info("started service={} pid={} again", spec_.name, process_.pid());
  } catch (const std::runtime_error& e) {
    notBefore_ = Steady::now() + pause_.next();
    log::error("cannot start service={}: {}", spec_.name, e.what());
  }
}

void SupervisedServer::stop() {
  const auto start = Steady::now();
  for (const ServerSpec::StopStep& step : spec_.stopSteps) {
    if (!process_.isRunning()) break;
    process_.signal(step.signal);
    process_.waitFor(step.patience);
  }
  if (isUp_)
    log::info("stopped service={} took={}ms", spec_.name,
              std::chrono::duration_cast<milliseconds>(Steady::now() - start).count());
  isUp_ = false;
}

}  // namespace planwright

#include "upkeep/heartbeat.h"

#include <algorithm>

#include "base/clock.h"
#include "base/failpoints.h"
#include "base/log.h"
#include "base/threads.h"

namespace planwright {
namespace {

constexpr std::chrono::milliseconds kRetry{500};

}  // namespace

Heartbeat::Heartbeat(const Database& database, Instances::Host host,
                     std::chrono::milliseconds lease, Membership& membership, Doors doors)
    : connection_(database.dedicated()),
      host_(std::move(host)),
      lease_(lease),
      membership_(membership),
      doors_(std::move(doors)) {
  lastBeat_ = sinceBoot();
  membership_.become(number(Instances(*connection_).start(host_, doors_.tools())));
  log::info("joined instance={}", membership_.instance());
  thread_ = startThread("pw-heartbeat", [this](const std::stop_token& stop) { run(stop); });
}

Heartbeat::~Heartbeat() {
  membership_.suspend();
  thread_.request_stop();
  thread_.join();
  try {
    Instances(*connection_).end(InstanceId{membership_.instance()});
  } catch (const std::exception& e) {  // the lease ends it
    log::warn("left without saying so instance={}: {}", membership_.instance(), e.what());
  }
}

void Heartbeat::step() {
  const auto sentAt = sinceBoot();
  failpoint("heartbeat.before");
  Instances instances(*connection_);
  if (instances.beat(InstanceId{membership_.instance()})) {
    lastBeat_ = sentAt;
    membership_.resume();
    return;
  }
  log::error("declared dead instance={}: its work is stopped", membership_.instance());
  membership_.suspend();
  doors_.onLost();
  lastBeat_ = sinceBoot();
  membership_.become(number(instances.start(host_, doors_.tools())));
  log::info("joined again instance={}", membership_.instance());
}

void Heartbeat::run(const std::stop_token& stop) {
  auto wait = lease_ / 3;
  while (sleepFor(wait, stop)) {
    wait = lease_ / 3;
    try {
      step();
    } catch (const std::exception& e) {
      log::warn("heartbeat not confirmed instance={}: {}", membership_.instance(), e.what());
      if (sinceBoot() - lastBeat_ > lease_ * 2 / 3) membership_.suspend();
      wait = std::min(wait, kRetry);  // the whole host waits for it
    }
  }
}

}  // namespace planwright

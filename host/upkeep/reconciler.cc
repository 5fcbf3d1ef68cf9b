#include "upkeep/reconciler.h"

#include <algorithm>
#include <future>

#include "base/failpoints.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/threads.h"
#include "base/unavailable.h"
#include "store/instances.h"

namespace planwright {
namespace {

constexpr std::chrono::milliseconds kLookAgain{100};  // for tickets that are all gone
constexpr int kScanEvery = 15;                        // rounds
constexpr int kCountShare = 20;  // counting takes a twentieth of the time at most
constexpr int kPage = 10'000;
constexpr const char* kMark = "planwright:tickets";
constexpr std::chrono::seconds kBulkTime{1};  // of a round

}  // namespace

Reconciler::Reconciler(Parts parts)
    : parts_(std::move(parts)),
      stalls_(parts_.config, parts_.clock, parts_.metrics, parts_.bell),
      connection_(parts_.database.dedicated()),
      bulk_(*connection_, parts_.bell),
      sawPostgres_(std::chrono::steady_clock::now()) {}

void Reconciler::start() {
  thread_ = startThread("pw-reconcile", [this](const std::stop_token& stop) {
    do {
      try {
        step();
      } catch (const std::exception& e) {
        sawPostgres_ = std::chrono::steady_clock::now();  // nobody is judged before Postgres was
                                                          // seen for a whole lease
        log::warn("reconcile waits: {}", e.what());
      }
      giveBackMemory();  // of large plans, answers and requests, whoever handled them
    } while (waitForRound(stop));
  });
}

void Reconciler::step() {
  const int round = round_++;
  // The lock is held by the session; it is free again when this host or its connection dies.
  isHolder_ = false;
  const auto silence = std::max<std::chrono::milliseconds>(parts_.lease, kInterval * 2);
  if (!connection_->run("reconcile_lock", {std::to_string(silence.count())}).flag(0, 0)) return;
  isHolder_ = true;
  failpoint("reconcile.before");
  Instances instances(*connection_);
  if (std::chrono::steady_clock::now() - sawPostgres_ >= parts_.lease)
    note("dead_instance",
         instances.expire(parts_.lease, InstanceId{parts_.membership.instance()}).size());
  // Claims are looked for by a scan, so only when an instance ended since, and now and then in case
  // that was missed.
  const std::string ended = connection_->run("instances_last_ended").text(0, 0);
  if (ended != lastEnded_ || round % kScanEvery == 0) releaseOrphans();
  lastEnded_ = ended;
  // Items that were cancelled while their owner died or gave them back.
  note("cancelled_input", connection_->run("end_cancelled_inputs", {std::nullopt}).size());
  note("cancelled_plan", connection_->run("end_cancelled_plans", {std::nullopt}).size());
  const auto enough = std::chrono::steady_clock::now() + kBulkTime;
  while (bulk_.step() && std::chrono::steady_clock::now() < enough) {
  }
  areTicketsGone();
  bool arePushed = true;
  for (const auto& queue : parts_.config.now()->queueNames()) {
    arePushed = pushMissing(planList(queue), queue, "inputs") && arePushed;
    arePushed = pushMissing(buildList(queue), queue, "plans") && arePushed;
  }
  if (arePushed) areTicketsGone_ = false;
  stalls_.step(*connection_);
}

void Reconciler::note(const std::string& kind, std::size_t count) {
  if (count == 0) return;
  (*repairs_.lock())[kind] += static_cast<std::int64_t>(count);
  parts_.metrics.add("planwright_reconcile_repairs_total", {{"kind", kind}},
                     static_cast<double>(count));
  log::info("repaired kind={} count={}", kind, count);
  parts_.bell.ring();
}

void Reconciler::releaseOrphans() {
  note("orphaned_input", connection_->run("release_inputs").size());
  note("orphaned_plan", connection_->run("release_plans").size());
}

/// After a FLUSHALL, or a restart of Redis without its data, our mark is missing too.
bool Reconciler::areTicketsGone() {
  try {
    if (parts_.tickets->claimKey(kMark, std::to_string(parts_.membership.instance())))
      areTicketsGone_ = true;
  } catch (const Unavailable& e) {
    log::debug("the mark cannot be read: {}", e.what());
  }
  return areTicketsGone_;
}

bool Reconciler::waitForRound(const std::stop_token& stop) {
  const auto until = std::chrono::steady_clock::now() + kInterval;
  while (std::chrono::steady_clock::now() < until) {
    if (!sleepFor(kLookAgain, stop)) return false;
    if (isHolder_ && areTicketsGone()) return true;
  }
  return true;
}

/// False: Redis is away.
bool Reconciler::pushMissing(const std::string& list, const std::string& queue,
                             const std::string& stage) {
  try {
    std::vector<std::int64_t> known;
    if (!areTicketsGone_) {
      const auto start = std::chrono::steady_clock::now();
      if (start < countAgain_[list]) return true;
      // Items come and go meanwhile. So the lengths before and after are compared, and neither
      // looks like a loss.
      const auto before = parts_.tickets->length(list);
      const auto eligible = connection_->run("eligible_" + stage + "_count", {queue}).number(0, 0);
      const auto end = std::chrono::steady_clock::now();
      countAgain_[list] = end + (end - start) * kCountShare;
      if (std::max(before, parts_.tickets->length(list)) >= eligible) return true;
      known = parts_.tickets->all(list);
      std::sort(known.begin(), known.end());
    }
    note("missing_ticket", pushAllBut(known, list, queue, stage));
    return true;
  } catch (const Unavailable& e) {
    log::debug("tickets wait list={}: {}", list, e.what());
    return false;
  }
}

/// In pages: a queue may be a million rows long. Postgres finds one while Redis takes the one
/// before. `known` is sorted.
std::size_t Reconciler::pushAllBut(const std::vector<std::int64_t>& known, const std::string& list,
                                   const std::string& queue, const std::string& stage) {
  const auto readAfter = [&](const std::string& at, std::int64_t id) {
    return std::async(std::launch::async, [this, &queue, &stage, at, id] {  // waits when it goes
      return connection_->run("eligible_" + stage, {queue, at, id, kPage});
    });
  };
  std::size_t pushed = 0;
  for (auto next = readAfter("-infinity", 0);;) {
    const Rows rows = next.get();
    const std::size_t last = rows.size() - 1;
    const bool isWhole = rows.size() == static_cast<std::size_t>(kPage);
    if (isWhole) next = readAfter(rows.text(last, "queued_at"), rows.number(last, "id"));
    std::vector<std::int64_t> missing;
    for (std::size_t i = 0; i < rows.size(); ++i)
      if (!std::binary_search(known.begin(), known.end(), rows.number(i, "id")))
        missing.push_back(rows.number(i, "id"));
    if (!missing.empty()) failpoint("reconcile.push.before");
    parts_.tickets->push(list, missing);
    pushed += missing.size();
    if (!isWhole) return pushed;
  }
}

}  // namespace planwright

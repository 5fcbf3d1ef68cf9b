#include "upkeep/doctor.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>

#include "base/threads.h"
#include "base/unavailable.h"
#include "upkeep/reconciler.h"

namespace planwright {
namespace {

constexpr std::size_t kMostViolations = 1000;
constexpr std::chrono::minutes kNobodyLooked{5};
constexpr const char* kByReconcile =
    "A host that reconciles puts it right within seconds; without one: planwright doctor --repair.";
constexpr const char* kBug = "It is a defect: keep the database and report it with these ids.";

double seconds(std::chrono::milliseconds time) {
  return std::chrono::duration<double>(time).count();
}

void add(std::vector<Checkup::Violation>& to, std::string item, std::string what) {
  if (to.size() < kMostViolations) to.push_back({std::move(item), std::move(what)});
}

}  // namespace

/// How one promise is looked at: by one statement, by a function, or both.
struct Doctor::Check {
  const char* name;
  const char* promise;
  const char* advice;
  const char* statement;               ///< or null
  void (Doctor::*function)(Checkup&);  ///< or null
  bool maySettle;  ///< compares Postgres with something else, or is put right by reconcile
};

const std::vector<Doctor::Check>& Doctor::checks() {
  static const std::vector<Check> all = {
      {"claims", "no item has two live claims", kBug, "doctor_claims", nullptr, false},
      {"owners", "whoever claimed an item lives", kByReconcile, nullptr, &Doctor::owners, true},
      {"fences", "fences only grow, nothing was done twice", kBug, "doctor_fences", nullptr, false},
      {"parents", "every plan has its input, every build its plan", kBug, "doctor_parents", nullptr,
       false},
      {"tickets", "whatever is queued has a ticket", kByReconcile, nullptr, &Doctor::tickets, true},
      {"built", "a build is built when all its jobs are", kBug, "doctor_built", nullptr, false},
      {"order", "no job ran before what it needs", kBug, "doctor_order", nullptr, false},
      {"events", "statuses follow from the events", kBug, "doctor_fold", nullptr, false},
      {"processes", "no program outlives its attempt",
       "End it: kill -9 the process. The keeper should have: report it.", nullptr,
       &Doctor::processes, true},
      {"blobs", "every blob is there and has its digest",
       "Damaged files are set aside in the folder damaged of the blob store. Bring the blob back: "
       "build or plan the item again (planwright enqueue-build or enqueue-plan, with --force), "
       "upload the same file, or copy it from a backup.",
       "doctor_blobs", &Doctor::blobs, true},
  };
  return all;
}

Doctor::Doctor(Parts parts)
    : parts_(std::move(parts)),
      connection_(parts_.database.dedicated(Workload::Snapshot)) {}

std::vector<Checkup> Doctor::examine(const std::stop_token& stop) {
  std::vector<Checkup> found;
  {
    const Transaction snapshot(*connection_);
    for (const auto& check : checks()) found.push_back(look(check));
  }
  lookAgain(found, stop);
  return found;
}

Checkup Doctor::look(const Check& check) {
  Checkup checkup;
  checkup.name = check.name;
  checkup.promise = check.promise;
  checkup.advice = check.advice;
  if (check.statement) readViolations(connection_->run(check.statement), checkup);
  if (check.function) (this->*check.function)(checkup);
  return checkup;
}

/// Drops what is not there any more; gives up when the patience is over.
void Doctor::lookAgain(std::vector<Checkup>& found, const std::stop_token& stop) {
  for (auto left = parts_.patience; left.count() > 0; left -= parts_.pause) {
    bool isOpen = false;
    for (std::size_t i = 0; i < found.size(); ++i)
      isOpen = isOpen || (checks()[i].maySettle && !found[i].violations.empty());
    if (!isOpen || !sleepFor(parts_.pause, stop)) return;
    const Transaction snapshot(*connection_);
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (!checks()[i].maySettle || found[i].violations.empty()) continue;
      Checkup now = look(checks()[i]);
      std::unordered_set<std::string> before;
      for (const auto& violation : found[i].violations) before.insert(violation.item);
      std::erase_if(now.violations,
                    [&](const auto& violation) { return !before.contains(violation.item); });
      found[i] = std::move(now);
    }
  }
}

void Doctor::readViolations(const Rows& rows, Checkup& checkup) const {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows.text(i, "item").empty())
      checkup.examined += rows.number(i, "what");
    else
      add(checkup.violations, rows.text(i, "item"), rows.text(i, "what"));
  }
}

/// If no host runs, what reconcile would repair is no violation: the next start repairs it.
std::string Doctor::whyNobodyReconciles() {
  const Rows hosts =
      connection_->run("doctor_reconcilers", {fmt::format("{}", seconds(parts_.lease))});
  return hosts.number(0, 0) > 0 ? "" : "no host reconciles now; the next start does";
}

void Doctor::owners(Checkup& checkup) {
  checkup.skipped = whyNobodyReconciles();
  if (!checkup.skipped.empty()) return;
  const auto silence = std::max<std::chrono::milliseconds>(kNobodyLooked, 4 * parts_.lease);
  readViolations(connection_->run("doctor_owners", {fmt::format("{}", seconds(silence))}), checkup);
}

/// The lists may be longer than the queue: doubled and stale ids are harmless. Then reconcile waits
/// until they are gone, and idle workers ask Postgres, so only a list that is too short is wrong.
void Doctor::tickets(Checkup& checkup) {
  checkup.skipped = whyNobodyReconciles();
  if (checkup.skipped.empty() && !parts_.tickets) checkup.skipped = "Redis does not run";
  if (!checkup.skipped.empty()) return;
  const Rows queues = connection_->run("doctor_queues");
  try {
    for (std::size_t q = 0; q < queues.size(); ++q) {
      const std::string queue = queues.text(q, "name");
      const Rows waiting = connection_->run(
          "doctor_waiting", {queue, fmt::format("{}", seconds(2 * Reconciler::kInterval))});
      checkup.examined += static_cast<std::int64_t>(waiting.size());
      std::unordered_map<std::string, std::vector<std::int64_t>> lists;
      std::unordered_map<std::string, std::unordered_set<std::int64_t>> known;
      for (std::size_t i = 0; i < waiting.size(); ++i) {
        const bool isPlan = waiting.text(i, "stage") == "plan";
        const std::string list = isPlan ? planList(queue) : buildList(queue);
        if (!lists.contains(list)) {
          lists[list] = parts_.tickets->all(list);
          known[list].insert(lists[list].begin(), lists[list].end());
        }
        const bool isLongEnough =
            static_cast<std::int64_t>(lists[list].size()) >= waiting.number(i, "due");
        if (isLongEnough || known[list].contains(waiting.number(i, "id"))) continue;
        add(checkup.violations,
            fmt::format("{}/{}", isPlan ? "input" : "plan", waiting.number(i, "id")),
            fmt::format("waits for {} s without a ticket in {}", waiting.number(i, "age"), list));
      }
    }
  } catch (const Unavailable&) {
    checkup.violations.clear();
    checkup.skipped = "Redis is away; hosts ask Postgres instead";
  }
}

/// Reads every blob that somebody needs. What is found here for the first time is a violation, also
/// when it is looked at again; what was known before is a note.
void Doctor::blobs(Checkup& checkup) {
  const Rows rows = connection_->run("doctor_blobs_to_read");
  checkup.examined += static_cast<std::int64_t>(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string text = rows.text(i, "digest");
    const std::string item = rows.text(i, "item");
    const auto digest = Digest::parse(text);
    if (!digest) {
      add(checkup.violations, item, fmt::format("needs the blob {}, which is no digest", text));
      continue;
    }
    const std::string since = rows.text(i, "lost_since");
    if (parts_.isQuick) {
      const std::string what = sizeComplaint(*digest, rows.number(i, "size"));
      if (rows.flag(i, "is_large") && !what.empty())
        add(since.empty() ? checkup.violations : checkup.notes, item,
            fmt::format("needs the blob {}, {}", text, what));
      continue;
    }
    const auto file = parts_.blobs.open(*digest);
    if (file || !isLostBlob(file.error())) continue;  // pruned meanwhile
    if (since.empty()) foundLost_.insert(text);
    if (foundLost_.contains(text))
      add(checkup.violations, item, "needs a blob that is lost. " + file.error().message);
    else
      add(checkup.notes, item,
          fmt::format("needs a blob that is known to be lost since {}. {}", since,
                      file.error().message));
  }
}

/// What is wrong with the size of a large blob; empty = nothing.
std::string Doctor::sizeComplaint(const Digest& digest, std::int64_t size) const {
  const auto bytes = parts_.large.storedBytes(digest);
  if (!bytes) return "which is not in the blob store";
  return *bytes == size ? "" : fmt::format("which has {} bytes instead of {}", *bytes, size);
}

void Doctor::processes(Checkup& checkup) {
  if (parts_.processes.dataId.empty()) {
    checkup.skipped = "the data folder is on another machine";
    return;
  }
  const bool isAnyClaimed =
      connection_->run("doctor_claimed", {parts_.processes.dataId}).number(0, 0) > 0;
  const auto found = LeftProcesses::find(parts_.processes);
  checkup.examined = static_cast<std::int64_t>(found.size());
  for (const auto& process : found) {
    const std::string item = fmt::format("process/{}", process.pid);
    if (process.isStage && parts_.processes.isHostRunning) continue;  // its host ends it
    if (process.isStage)
      add(checkup.violations, item,
          fmt::format("{} serves a stage, but no host runs", process.name));
    else if (process.isClosed)
      add(checkup.violations, item,
          fmt::format("{} runs, but its attempt is closed", process.name));
    else if (!isAnyClaimed)
      add(checkup.violations, item,
          fmt::format("{} runs, but nothing is claimed here", process.name));
  }
}

}  // namespace planwright

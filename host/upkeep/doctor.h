#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <unordered_set>
#include <vector>

#include "artifacts/large_blobs.h"
#include "store/database.h"
#include "tickets/tickets.h"
#include "upkeep/left_processes.h"

namespace planwright {

/// One promise of the system, and what was found of it.
struct Checkup {
  struct Violation {
    std::string item;  ///< "input/17", "job/88", "process/4711"
    std::string what;  ///< "is planned, but its last event is input.failed"
    friend bool operator==(const Violation&, const Violation&) = default;
  };
  std::string name;     ///< "fences"
  std::string promise;  ///< what holds when there is no violation
  std::string advice;   ///< what to do about one
  std::int64_t examined = 0;
  std::string skipped;                ///< why it could not be looked at; empty = it was
  std::vector<Violation> violations;  ///< the first 1000
  /// What is broken, but known and dealt with as far as the system can: somebody may do the rest.
  std::vector<Violation> notes;  ///< the first 1000
};

/// Looks for broken promises in what a system has on record: Postgres in one snapshot, against it
/// Redis, blobs and processes. Changes nothing, except that a blob which it finds damaged is set
/// aside as a host would do, and may run beside any number of hosts. What another
/// snapshot, or the next round of reconcile, may still put right counts only when it stays for
/// `patience`. One thread.
class Doctor {
 public:
  struct Parts {
    const Database& database;
    Tickets* tickets = nullptr;  ///< null: Redis does not run
    BlobStore& blobs;
    LargeBlobs& large;  ///< of `blobs`
    std::chrono::milliseconds lease;
    LeftProcesses::Place processes;
    bool isQuick = false;  ///< large blobs are not read, only their size is compared
    std::chrono::milliseconds patience = std::chrono::seconds(10);
    std::chrono::milliseconds pause = std::chrono::seconds(1);  ///< between two looks
  };
  explicit Doctor(Parts parts);

  /// All checks, in the order in which they are explained. Throws Unavailable without Postgres.
  std::vector<Checkup> examine(const std::stop_token& stop = {});

 private:
  struct Check;
  static const std::vector<Check>& checks();
  Checkup look(const Check& check);
  void lookAgain(std::vector<Checkup>& found, const std::stop_token& stop);
  void readViolations(const Rows& rows, Checkup& checkup) const;
  void owners(Checkup& checkup);
  void tickets(Checkup& checkup);
  void blobs(Checkup& checkup);
  void processes(Checkup& checkup);
  std::string whyNobodyReconciles();
  std::string sizeComplaint(const Digest& digest, std::int64_t size) const;

  const Parts parts_;
  std::unique_ptr<Connection> connection_;
  std::unordered_set<std::string> foundLost_;  ///< blobs that nobody knew to be lost before
};

}  // namespace planwright

#pragma once

#include <map>
#include <string>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/result.h"
#include "control/shared_flight.h"
#include "store/database.h"

namespace planwright {

/// An answer that was read from the database.
struct ReadAnswer {
  std::string json;
  bool changesByItself = false;  ///< it says something that time alone makes untrue
};

/// Answers to what many pages ask again and again. Those who ask the same at the same time share
/// one answer (SharedFlight). The last answer to a key is given again as long as the database is
/// the same: as long as Postgres shows the snapshot in which it was read, so nothing that was
/// committed before somebody asked is missing from what he gets. [any thread]
class SharedAnswers {
 public:
  SharedAnswers(Database& database, const Clock& clock) : database_(database), clock_(clock) {}

  /// The answer to `key`: `read(connection)`, a Result<ReadAnswer>. What is asked for once,
  /// another page each time, is not worth `mayKeep`. What `read` throws is thrown to all who share
  /// it.
  template <class Read>
  Result<std::string> get(const std::string& key, bool mayKeep, Read read) {
    return flights_.get(key, [&]() -> Result<std::string> {
      auto connection = database_.lease(Workload::Keyed);
      const std::string snapshot = mayKeep ? snapshotOf(*connection) : "";
      if (mayKeep)
        if (auto kept = find(key, snapshot)) return std::move(*kept);
      Result<ReadAnswer> answer = read(*connection);
      if (!answer) return answer.error();
      if (mayKeep && !answer->changesByItself) keep(key, snapshot, answer->json);
      return std::move(answer->json);
    });
  }

 private:
  struct Kept {
    std::string snapshot, json;
    SteadyTime until;
  };

  static std::string snapshotOf(Connection& connection);
  std::optional<std::string> find(const std::string& key, const std::string& snapshot);
  void keep(const std::string& key, const std::string& snapshot, const std::string& json);

  Database& database_;
  const Clock& clock_;
  SharedFlight<Result<std::string>> flights_;
  Guarded<std::map<std::string, Kept>> kept_;
};

}  // namespace planwright

#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "base/service_state.h"
#include "store/rows.h"
#include "store/workload.h"

namespace planwright {

class PostgresSession;
class Sessions;

/// A way to run the statements of sql/queries, each prepared where it runs. Either over a session
/// of its own, or over those that the host's threads share: then it has one only while a statement
/// or a transaction runs, and no statement may rely on what another left in the session.
///
/// An error that is the statement's own is libpqxx's exception. With any other
/// (store/sql_trouble.h) the session is given up, and the next use opens a new one. If the session
/// was at fault and nothing is lost with it, a shared connection repeats the statement there at
/// once; else Unavailable is thrown: also by one with a session of its own, whose locks are gone.
/// After that it is unknown whether the statement was committed; inside a transaction, none of it
/// was. While the ServiceState says that Postgres is away, nothing is tried. One thread.
class Connection {
 public:
  /// A session of its own.
  Connection(std::string url, Workload workload);
  Connection(std::shared_ptr<Sessions> sessions, Workload workload, bool isShared);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Runs one named statement, committed when it returns (inside a transaction: by its end).
  Rows run(std::string_view statement, std::initializer_list<Param> params = {});
  /// Runs SQL text: migrations and tests only.
  Rows runText(const std::string& sql);

  /// Prepares every statement now, not at its first use: a typo fails the start, not a user.
  void checkStatements();

  void begin();
  void commit();
  void rollback() noexcept;

  void listen(const std::string& channel);
  /// Waits for a notification or the time to pass. True: there was one.
  bool awaitNotification(long milliseconds);
  void close() noexcept;

 private:
  class Use;
  template <class Body>
  Rows perform(std::string_view what, Body body);
  void hold();
  void letGo(bool isUsable) noexcept;
  bool isUnderWay() const;

  const std::shared_ptr<Sessions> sessions_;
  const Workload workload_;
  const bool isShared_;
  bool isInTransaction_ = false;
  bool isLost_ = false;  ///< the transaction: its session ended, and nothing of it was done
  std::unique_ptr<PostgresSession> session_;  ///< of a shared one: while it is in use
  const PostgresSession* last_ = nullptr;     ///< that was shared, and knows our statements
};

/// begin() now, rollback() at the end of the scope unless commit() was called.
class Transaction {
 public:
  explicit Transaction(Connection& connection) : connection_(connection) { connection_.begin(); }
  ~Transaction() {
    if (!done_) connection_.rollback();
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit() {
    done_ = true;
    connection_.commit();
  }

 private:
  Connection& connection_;
  bool done_ = false;
};

/// What a host has open at Postgres.
struct ConnectionCounts {
  std::size_t busy = 0, idle = 0;  ///< of the shared ones
  int most = 0;                    ///< that the server allows; 0 = not known yet
};

/// The shared sessions of a host, whose number does not depend on how many queues and threads use
/// them. [any thread]
class Database {
 public:
  /// Without `service` every connection tries by itself.
  explicit Database(std::string url, ServiceState* service = nullptr,
                    std::size_t mostShared = kMostShared);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// Shared sessions of each workload at once; beyond it threads wait for each other.
  static constexpr std::size_t kMostShared = 8;

  /// A connection over shared sessions for this scope.
  class Lease {
   public:
    Connection* operator->() { return connection_.get(); }
    Connection& operator*() { return *connection_; }

   private:
    friend class Database;
    explicit Lease(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}
    std::unique_ptr<Connection> connection_;
  };
  Lease lease(Workload workload = Workload::Queries) { return Lease(shared(workload)); }
  /// The same for a thread that works all the time.
  std::unique_ptr<Connection> shared(Workload workload = Workload::Keyed) const;

  /// A session of its own, for what must not wait for others, or stays in the session: locks, a
  /// channel that is listened to. Each is part of the need of a host
  /// (queues/connection_need.h).
  std::unique_ptr<Connection> dedicated(Workload workload = Workload::Keyed) const;

  const std::string& url() const;
  /// Ends what waits for a Postgres that hangs: every call under way throws Unavailable.
  void breakConnections();
  ConnectionCounts counts() const;

  /// Brings tables and functions up to this program's; many hosts may call it at once. Throws if
  /// the tables are of a newer program, or older than the first release, or if sessions are not
  /// what they seem (store/pooler_check.h).
  void migrate();

 private:
  std::shared_ptr<Sessions> sessions_;
};

}  // namespace planwright

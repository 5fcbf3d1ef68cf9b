#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "base/service_state.h"
#include "store/rows.h"

namespace planwright {

/// What a connection is for; decides its planner settings (see database.cc).
enum class Workload { Keyed, Queries, Snapshot };

class OpenSockets;

/// One connection with every statement of sql/queries prepared. Opens itself when needed and after
/// a loss; while `service` says that Postgres is away it does not try. A lost connection throws
/// Unavailable: whether the last statement was committed is then unknown. One thread.
class Connection {
 public:
  Connection(std::string url, Workload workload, ServiceState* service = nullptr,
             std::shared_ptr<OpenSockets> sockets = nullptr);
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
  struct State;
  void open();
  std::string url_;
  Workload workload_;
  ServiceState* service_;
  std::shared_ptr<OpenSockets> sockets_;
  std::unique_ptr<State> state_;
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

/// Connections for short queries of many threads. [any thread]
class Database {
 public:
  /// Without `service` every connection tries by itself.
  explicit Database(std::string url, ServiceState* service = nullptr, std::size_t maxIdle = 8);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// A connection for this scope; it goes back to the pool unless it is broken.
  class Lease {
   public:
    ~Lease();
    Lease(Lease&&) = default;
    Lease& operator=(Lease&&) = delete;
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Connection* operator->() { return connection_.get(); }
    Connection& operator*() { return *connection_; }

   private:
    friend class Database;
    Lease(Database& database, Workload workload, std::unique_ptr<Connection> connection);
    Database* database_;
    Workload workload_;
    std::unique_ptr<Connection> connection_;
  };
  Lease lease(Workload workload = Workload::Queries);

  /// A connection of the caller's own, for a thread that works all the time.
  std::unique_ptr<Connection> dedicated(Workload workload = Workload::Keyed) const;
  const std::string& url() const { return url_; }
  /// Ends what waits for a Postgres that hangs: every call under way throws Unavailable.
  void breakConnections();

  /// Brings tables and functions up to this program's; many hosts may call it at once. Throws if
  /// the tables are of a newer program, or older than the first release.
  void migrate();

 private:
  struct Pool;
  std::string url_;
  ServiceState* service_;
  std::shared_ptr<OpenSockets> sockets_;
  std::unique_ptr<Pool> pool_;
};

}  // namespace planwright

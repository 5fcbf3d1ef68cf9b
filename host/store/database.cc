#include "store/database.h"

#include <exception>
#include <map>
#include <mutex>
#include <set>

#include <fcntl.h>
#include <fmt/format.h>
#include <pqxx/pqxx>
#include <sys/socket.h>

#include "base/log.h"
#include "base/unavailable.h"
#include "base/unique_fd.h"
#include "store/one_line.h"
#include "store/rows_state.h"
#include "store/sql.h"
namespace planwright {

/// The sockets of all open connections, so that a thread that waits in one can be woken.
class OpenSockets {
 public:
  void add(int fd) { fds_.lock()->insert(fd); }
  void remove(int fd) { fds_.lock()->erase(fd); }
  void shutAll() {
    auto fds = fds_.lock();  // held: nobody closes one meanwhile
    for (const int fd : *fds) ::shutdown(fd, SHUT_RDWR);
  }

 private:
  Guarded<std::set<int>> fds_;
};

namespace {

/// Prepares a statement before this returns. libpqxx 7 always does; 6 would wait for its first use.
template <typename AnyConnection>
void prepareNow(AnyConnection& connection, const std::string& name, const char* text) {
  connection.prepare(name, text);
  if constexpr (requires { connection.prepare_now(name); }) connection.prepare_now(name);
}

}  // namespace

struct Connection::State {
  State(const std::string& url, std::shared_ptr<OpenSockets> known)
      : connection(url),
        socket(::fcntl(connection.sock(), F_DUPFD_CLOEXEC, 0)),
        sockets(std::move(known)) {
    if (sockets) sockets->add(socket.get());
  }
  ~State() {
    if (sockets) sockets->remove(socket.get());
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  /// At its first use by this connection: few connections need every statement.
  void prepare(std::string_view statement) {
    if (prepared.contains(statement)) return;
    prepareNow(connection, std::string(statement), sql::statements().at(statement));
    prepared.emplace(statement);
  }

  pqxx::connection connection;
  // A number of our own for the same socket: libpq closes its own when the connection breaks, and
  // somebody else may get it while we still know it.
  UniqueFd socket;
  std::shared_ptr<OpenSockets> sockets;
  std::set<std::string, std::less<>> prepared;
  std::unique_ptr<pqxx::work> transaction;
  std::unique_ptr<pqxx::notification_receiver> receiver;
  bool notified = false;
};

namespace {

class Receiver final : public pqxx::notification_receiver {
 public:
  Receiver(pqxx::connection_base& connection, const std::string& channel, bool& notified)
      : pqxx::notification_receiver(connection, channel),
        notified_(notified) {}
  void operator()(const std::string&, int) override { notified_ = true; }

 private:
  bool& notified_;
};

std::string_view sessionOf(Workload workload) {
  switch (workload) {
    case Workload::Keyed:
      return "session_keyed";
    case Workload::Queries:
      return "session_queries";
    case Workload::Snapshot:
      return "session_snapshot";
  }
  return {};
}

/// Not the statement's fault: the connection broke (class 08 of the SQL states), a deadlock or the
/// like rolled it back (40), the server lacks room (53), is stopped or ended the session (57), or
/// cannot reach its files (58). libpqxx makes only the first a broken_connection.
bool isOutage(const pqxx::sql_error& error) {
  const std::string kind = error.sqlstate().substr(0, 2);
  return kind == "08" || kind == "40" || kind == "53" || kind == "57" || kind == "58";
}

}  // namespace

Connection::Connection(std::string url, Workload workload, ServiceState* service,
                       std::shared_ptr<OpenSockets> sockets)
    : url_(std::move(url)),
      workload_(workload),
      service_(service),
      sockets_(std::move(sockets)) {}
Connection::~Connection() {
  close();
}

void Connection::close() noexcept {
  if (!state_) return;
  state_->transaction.reset();
  state_->receiver.reset();
  state_.reset();
}

void Connection::open() {
  if (service_ && service_->isAway()) throw Unavailable(service_->problem());
  try {
    state_ = std::make_unique<State>(url_, sockets_);
    {
      pqxx::nontransaction setup(state_->connection);
      setup.exec(fmt::format(fmt::runtime(sql::statements().at("session_start")),
                             sql::functions().schema));
      setup.exec(sql::statements().at(sessionOf(workload_)));
    }
  } catch (const pqxx::sql_error& e) {
    close();
    if (isOutage(e)) throw Unavailable(fmt::format("Postgres cannot be used: {}", e.what()));
    throw;  // a statement that does not fit the schema is a bug, not an outage
  } catch (const pqxx::failure& e) {
    close();
    const std::string why = fmt::format("Postgres cannot be reached: {}", oneLine(e.what()));
    if (service_) service_->lost(why);
    throw Unavailable(why);
  }
}

Rows Connection::run(std::string_view statement, std::initializer_list<Param> params) {
  if (!state_) open();
  std::vector<const char*> values;
  values.reserve(params.size());
  for (const auto& param : params) values.push_back(param.get());
  const auto dynamic = pqxx::prepare::make_dynamic_params(values.begin(), values.end());
  const std::string name(statement);
  Rows out;
  out.state_ = std::make_shared<RowsState>();
  try {
    state_->prepare(statement);
    if (state_->transaction) {
      out.state_->rows = state_->transaction->exec_prepared(name, dynamic);
    } else {
      pqxx::nontransaction single(state_->connection);
      out.state_->rows = single.exec_prepared(name, dynamic);
    }
  } catch (const pqxx::broken_connection& e) {
    close();
    throw Unavailable(fmt::format("Postgres went away during {}: {}", name, e.what()));
  } catch (const pqxx::sql_error& e) {
    if (!isOutage(e)) throw;
    close();
    throw Unavailable(fmt::format("Postgres gave up {}: {}", name, e.what()));
  }
  return out;
}

Rows Connection::runText(const std::string& sql) {
  Rows out;
  out.state_ = std::make_shared<RowsState>();
  try {
    if (!state_) open();
    if (state_->transaction) {
      out.state_->rows = state_->transaction->exec(sql);
    } else {
      pqxx::nontransaction single(state_->connection);
      out.state_->rows = single.exec(sql);
    }
  } catch (const pqxx::broken_connection& e) {
    close();
    throw Unavailable(fmt::format("Postgres went away: {}", e.what()));
  } catch (const pqxx::sql_error& e) {
    if (!isOutage(e)) throw;
    close();
    throw Unavailable(fmt::format("Postgres gave up: {}", e.what()));
  }
  return out;
}

void Connection::checkStatements() {
  close();
  open();
  for (const auto& [name, text] : sql::statements())
    if (!name.starts_with("session_")) state_->prepare(name);
}

void Connection::begin() {
  if (!state_) open();
  try {
    state_->transaction = std::make_unique<pqxx::work>(state_->connection);
  } catch (const pqxx::broken_connection& e) {
    close();
    throw Unavailable(fmt::format("Postgres went away: {}", e.what()));
  }
}

void Connection::commit() {
  try {
    state_->transaction->commit();
    state_->transaction.reset();
  } catch (const pqxx::in_doubt_error& e) {
    close();
    throw Unavailable(fmt::format("Postgres went away during a commit: {}", e.what()));
  } catch (const pqxx::sql_error& e) {
    if (!isOutage(e)) throw;
    close();
    throw Unavailable(fmt::format("Postgres gave up a commit: {}", e.what()));
  } catch (const pqxx::broken_connection& e) {
    close();
    throw Unavailable(fmt::format("Postgres went away during a commit: {}", e.what()));
  }
}

void Connection::rollback() noexcept {
  try {
    if (state_) state_->transaction.reset();
  } catch (const std::exception& e) {
    log::warn("rollback failed, the connection is dropped: {}", e.what());
    close();
  }
}

void Connection::listen(const std::string& channel) {
  if (!state_) open();
  state_->receiver = std::make_unique<Receiver>(state_->connection, channel, state_->notified);
}

bool Connection::awaitNotification(long milliseconds) {
  try {
    state_->notified = false;
    state_->connection.await_notification(milliseconds / 1000, milliseconds % 1000 * 1000);
    return state_->notified;
  } catch (const pqxx::failure& e) {
    close();
    throw Unavailable(fmt::format("Postgres went away: {}", e.what()));
  }
}

namespace {

/// How long a network that swallows packets is believed in, unless the URL says it.
std::string withTimeouts(std::string url) {
  for (const std::string_view setting :
       {"connect_timeout=5", "tcp_user_timeout=10000", "keepalives_idle=10",
        "keepalives_interval=5", "keepalives_count=3"}) {
    if (url.find(setting.substr(0, setting.find('=') + 1)) != std::string::npos) continue;
    url += url.find('?') == std::string::npos ? '?' : '&';
    url += setting;
  }
  return url;
}

}  // namespace

struct Database::Pool {
  std::mutex mutex;
  std::map<Workload, std::vector<std::unique_ptr<Connection>>> idle;
  std::size_t maxIdle;  ///< of each
};

Database::Database(std::string url, ServiceState* service, std::size_t maxIdle)
    : url_(withTimeouts(std::move(url))),
      service_(service),
      sockets_(std::make_shared<OpenSockets>()),
      pool_(std::make_unique<Pool>()) {
  pool_->maxIdle = maxIdle;
}
Database::~Database() = default;

Database::Lease::Lease(Database& database, Workload workload,
                       std::unique_ptr<Connection> connection)
    : database_(&database),
      workload_(workload),
      connection_(std::move(connection)) {}

Database::Lease::~Lease() {
  if (!connection_ || std::uncaught_exceptions() > 0)
    return;  // after a throw its state is not known
  const std::lock_guard lock(database_->pool_->mutex);
  auto& idle = database_->pool_->idle[workload_];
  if (idle.size() < database_->pool_->maxIdle) idle.push_back(std::move(connection_));
}

Database::Lease Database::lease(Workload workload) {
  const std::lock_guard lock(pool_->mutex);
  auto& idle = pool_->idle[workload];
  if (idle.empty()) return {*this, workload, dedicated(workload)};
  auto connection = std::move(idle.back());
  idle.pop_back();
  return {*this, workload, std::move(connection)};
}

std::unique_ptr<Connection> Database::dedicated(Workload workload) const {
  return std::make_unique<Connection>(url_, workload, service_, sockets_);
}

void Database::breakConnections() {
  sockets_->shutAll();
}

}  // namespace planwright

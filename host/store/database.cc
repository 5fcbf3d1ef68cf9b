#include "store/database.h"

#include <exception>

#include <fmt/format.h>

#include "base/log.h"
#include "base/unavailable.h"
#include "store/one_line.h"
#include "store/rows_state.h"
#include "store/sessions.h"
#include "store/sql.h"
#include "store/sql_trouble.h"

namespace planwright {
namespace {

/// postgresql://a,b/database, as libpq reads it.
bool namesSeveralHosts(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return false;
  std::string_view hosts = url.substr(scheme + 3);
  hosts = hosts.substr(0, hosts.find_first_of("/?"));
  if (const auto at = hosts.rfind('@'); at != std::string_view::npos) hosts.remove_prefix(at + 1);
  return hosts.find(',') != std::string_view::npos;
}

/// What the URL does not say: how long a network that swallows packets is believed in, and that of
/// several servers the one is meant that can be written to.
std::string withDefaults(std::string url) {
  const bool hasChoice = namesSeveralHosts(url);
  for (const std::string_view setting :
       {"connect_timeout=5", "tcp_user_timeout=10000", "keepalives_idle=10",
        "keepalives_interval=5", "keepalives_count=3", "target_session_attrs=read-write"}) {
    if (setting.starts_with("target") && !hasChoice) continue;
    if (url.find(setting.substr(0, setting.find('=') + 1)) != std::string::npos) continue;
    url += url.find('?') == std::string::npos ? '?' : '&';
    url += setting;
  }
  return url;
}

constexpr std::string_view kReadOnly = "25006";

/// `isFresh`: the statement was planned a moment ago, so no old plan of it can be at fault.
SqlTrouble troubleOf(const pqxx::sql_error& error, bool isFresh) {
  if (isFresh && error.sqlstate() == "0A000") return SqlTrouble::Statement;
  return planwright::troubleOf(error.sqlstate());
}

}  // namespace

Connection::Connection(std::string url, Workload workload)
    : Connection(std::make_shared<Sessions>(withDefaults(std::move(url)), nullptr, 0), workload,
                 false) {}

Connection::Connection(std::shared_ptr<Sessions> sessions, Workload workload, bool isShared)
    : sessions_(std::move(sessions)),
      workload_(workload),
      isShared_(isShared) {}

Connection::~Connection() {
  close();
}

void Connection::close() noexcept {
  isInTransaction_ = isLost_ = false;
  letGo(false);
}

void Connection::begin() {
  isInTransaction_ = true;
  isLost_ = false;
}

void Connection::hold() {
  if (session_) return;
  session_ = isShared_ ? sessions_->take(workload_, last_) : sessions_->open(workload_);
  last_ = session_.get();
}

/// Of a session of its own: only if it is not usable any more.
void Connection::letGo(bool isUsable) noexcept {
  if (!session_ || (isUsable && !isShared_)) return;
  if (!isUsable) {
    session_.reset();
    last_ = nullptr;
  }
  if (isShared_) sessions_->giveBack(workload_, std::move(session_));
}

bool Connection::isUnderWay() const {
  return session_ && session_->isInTransaction();
}

/// Whatever a statement throws, the session does not stay with a connection that does not use it,
/// and a transaction does not go on in another.
class Connection::Use {
 public:
  explicit Use(Connection& connection) : connection_(connection) {
    connection.isLost_ = connection.isInTransaction_;  // unless there is a session for it
    connection.hold();
    connection.isLost_ = false;
  }
  ~Use() {
    if (isOver_) return;
    connection_.letGo(false);
    connection_.isLost_ = connection_.isInTransaction_ && !isRepeated_;
  }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;
  /// Nothing is lost with the session: the same follows in another.
  void repeat() { isRepeated_ = true; }
  /// The session is as good as before; a transaction goes on in it.
  void end() {
    isOver_ = true;
    if (!connection_.isInTransaction_) connection_.letGo(true);
  }

 private:
  Connection& connection_;
  bool isOver_ = false, isRepeated_ = false;
};

/// `body` runs one statement and says whether it was prepared just now. It runs again in a new
/// session if the old one was at fault and nothing is lost with it.
template <class Body>
Rows Connection::perform(std::string_view what, Body body) {
  Rows out;
  out.state_ = std::make_shared<RowsState>();
  for (bool isRepeated = false;; isRepeated = true) {
    if (isInTransaction_ && isLost_)
      throw Unavailable(fmt::format("Postgres has lost the transaction before {}.", what));
    const bool mayRepeat = isShared_ && !isRepeated && !isUnderWay();
    Use use(*this);
    bool isFresh = false;
    try {
      if (isInTransaction_ && !session_->isInTransaction()) session_->begin();
      out.state_->rows = body(*session_, isFresh);
      use.end();
      return out;
    } catch (const pqxx::broken_connection& e) {
      if (mayRepeat && isInTransaction_) {  // what was not committed was not done
        use.repeat();
        continue;
      }
      throw Unavailable(fmt::format("Postgres went away during {}: {}", what, oneLine(e.what())));
    } catch (const pqxx::sql_error& e) {
      const SqlTrouble trouble = troubleOf(e, isFresh);
      const bool isReadOnly = e.sqlstate() == kReadOnly;
      if (trouble == SqlTrouble::Statement) {
        use.end();
        throw;
      }
      if (trouble == SqlTrouble::Session && mayRepeat) {
        use.repeat();
        continue;
      }
      const std::string why =
          fmt::format("Postgres {} {}: {}", isReadOnly ? "is read-only and refused" : "gave up",
                      what, oneLine(e.what()));
      if (isReadOnly && isRepeated) sessions_->lost(why);
      throw Unavailable(why);
    }
  }
}

Rows Connection::run(std::string_view statement, std::initializer_list<Param> params) {
  std::vector<const char*> values;
  values.reserve(params.size());
  for (const auto& param : params) values.push_back(param.get());
  return perform(statement, [&](PostgresSession& session, bool& isFresh) {
    isFresh = session.prepare(statement);
    return session.run(std::string(statement), values);
  });
}

Rows Connection::runText(const std::string& sql) {
  return perform("a text", [&](PostgresSession& session, bool& isFresh) {
    isFresh = true;
    return session.runText(sql);
  });
}

void Connection::checkStatements() {
  close();
  hold();
  for (const auto& [name, text] : sql::statements())
    if (!name.starts_with("session_")) session_->prepare(name);
  letGo(true);
}

void Connection::commit() {
  isInTransaction_ = false;
  if (isLost_) throw Unavailable("Postgres has lost the transaction before its commit.");
  if (!isUnderWay()) return;
  try {
    session_->commit();
    letGo(true);
  } catch (const pqxx::in_doubt_error& e) {
    letGo(false);
    throw Unavailable(fmt::format("Postgres went away during a commit: {}", oneLine(e.what())));
  } catch (const pqxx::sql_error& e) {
    letGo(false);
    if (troubleOf(e.sqlstate()) == SqlTrouble::Statement) throw;
    throw Unavailable(fmt::format("Postgres gave up a commit: {}", oneLine(e.what())));
  } catch (const pqxx::broken_connection& e) {
    letGo(false);
    throw Unavailable(fmt::format("Postgres went away during a commit: {}", oneLine(e.what())));
  }
}

void Connection::rollback() noexcept {
  isInTransaction_ = isLost_ = false;
  if (!isUnderWay()) return;
  try {
    session_->rollback();
    letGo(!session_->isCut());
  } catch (const std::exception& e) {
    log::warn("rollback failed, the connection is dropped: {}", e.what());
    letGo(false);
  }
}

void Connection::listen(const std::string& channel) {
  hold();
  session_->listen(channel);
}

bool Connection::awaitNotification(long milliseconds) {
  try {
    return session_->awaitNotification(milliseconds);
  } catch (const pqxx::failure& e) {
    close();
    throw Unavailable(fmt::format("Postgres went away: {}", oneLine(e.what())));
  }
}

Database::Database(std::string url, ServiceState* service, std::size_t mostShared)
    : sessions_(std::make_shared<Sessions>(withDefaults(std::move(url)), service, mostShared)) {}
Database::~Database() = default;

std::unique_ptr<Connection> Database::shared(Workload workload) const {
  return std::make_unique<Connection>(sessions_, workload, true);
}

std::unique_ptr<Connection> Database::dedicated(Workload workload) const {
  return std::make_unique<Connection>(sessions_, workload, false);
}

const std::string& Database::url() const {
  return sessions_->url();
}

void Database::breakConnections() {
  sessions_->breakAll();
}

ConnectionCounts Database::counts() const {
  return {sessions_->busy(), sessions_->idle(), sessions_->maxConnections()};
}

}  // namespace planwright

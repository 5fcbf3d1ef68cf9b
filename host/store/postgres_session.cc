#include "store/postgres_session.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include "store/sql.h"

namespace planwright {
namespace {

/// Prepares a statement before this returns. libpqxx 7 always does; 6 would wait for its first use.
template <typename AnyConnection>
void prepareNow(AnyConnection& connection, const std::string& name, const char* text) {
  connection.prepare(name, text);
  if constexpr (requires { connection.prepare_now(name); }) connection.prepare_now(name);
}

class Receiver final : public pqxx::notification_receiver {
 public:
  Receiver(pqxx::connection_base& connection, const std::string& channel, bool& isNotified)
      : pqxx::notification_receiver(connection, channel),
        isNotified_(isNotified) {}
  void operator()(const std::string&, int) override { isNotified_ = true; }

 private:
  bool& isNotified_;
};

std::string_view settingsOf(Workload workload) {
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

/// One message, so one round trip.
std::string setupOf(Workload workload) {
  const auto& texts = sql::statements();
  return fmt::format(fmt::runtime(texts.at("session_start")), sql::functions().schema) + ";" +
         texts.at(settingsOf(workload)) + ";" + texts.at("session_room");
}

}  // namespace

void OpenSockets::shutAll() {
  auto fds = fds_.lock();  // held: nobody closes one meanwhile
  for (const int fd : *fds) ::shutdown(fd, SHUT_RDWR);
}

PostgresSession::PostgresSession(const std::string& url, Workload workload,
                                 std::shared_ptr<OpenSockets> sockets)
    : connection_(url),
      socket_(::fcntl(connection_.sock(), F_DUPFD_CLOEXEC, 0)),
      open_(std::move(sockets), socket_.get()) {
  pqxx::nontransaction setup(connection_);
  maxConnections_ = setup.exec(setupOf(workload)).at(0).at(0).as<int>();
}

bool PostgresSession::prepare(std::string_view statement) {
  if (prepared_.contains(statement)) return false;
  prepareNow(connection_, std::string(statement), sql::statements().at(statement));
  prepared_.emplace(statement);
  return true;
}

pqxx::result PostgresSession::run(const std::string& statement,
                                  const std::vector<const char*>& params) {
  const auto dynamic = pqxx::prepare::make_dynamic_params(params.begin(), params.end());
  if (transaction_) return transaction_->exec_prepared(statement, dynamic);
  pqxx::nontransaction single(connection_);
  return single.exec_prepared(statement, dynamic);
}

pqxx::result PostgresSession::runText(const std::string& sql) {
  if (transaction_) return transaction_->exec(sql);
  pqxx::nontransaction single(connection_);
  return single.exec(sql);
}

void PostgresSession::begin() {
  transaction_ = std::make_unique<pqxx::work>(connection_);
}

void PostgresSession::commit() {
  transaction_->commit();
  transaction_.reset();
}

void PostgresSession::rollback() {
  transaction_.reset();
}

void PostgresSession::listen(const std::string& channel) {
  receiver_ = std::make_unique<Receiver>(connection_, channel, isNotified_);
}

bool PostgresSession::awaitNotification(long milliseconds) {
  isNotified_ = false;
  connection_.await_notification(milliseconds / 1000, milliseconds % 1000 * 1000);
  return isNotified_;
}

bool PostgresSession::isCut() const {
  pollfd look{socket_.get(), POLLIN | POLLRDHUP, 0};
  return ::poll(&look, 1, 0) != 0;
}

}  // namespace planwright

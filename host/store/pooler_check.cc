#include "store/pooler_check.h"

#include <charconv>
#include <chrono>
#include <stdexcept>

#include <fmt/format.h>
#include <poll.h>

#include "base/unavailable.h"
#include "base/url_secrets.h"
#include "store/one_line.h"
#include "store/pq_handles.h"
#include "store/sql.h"

namespace planwright {
namespace {

constexpr std::chrono::seconds kPoolPatience{5};  // for a session of a pool that has none left
constexpr int kRounds = 3;  // others may take the session that we look for, but not each time

[[noreturn]] void refuse() {
  throw std::runtime_error(
      "postgres: a pooler (PgBouncer, for instance) stands before the server and gives a session "
      "to another client after each transaction. This program keeps prepared statements, locks and "
      "settings in its sessions. Name the server itself, or let the pooler keep the session for "
      "this database: pool_mode=session. Nothing was changed");
}

/// A client of the server or of its pooler.
class Client {
 public:
  explicit Client(const std::string& url) : connection_(PQconnectdb(url.c_str())) {
    if (PQstatus(connection_.get()) != CONNECTION_OK)
      throw Unavailable(
          fmt::format("Postgres cannot be reached: {}",
                      maskOfUrl(url).without(oneLine(PQerrorMessage(connection_.get())))));
  }

  /// The process that greeted us, or what the pooler says instead.
  int greeter() const { return PQbackendPID(connection_.get()); }

  /// The process that serves us now.
  int server() const {
    const PqResult answer = ask("session_process");
    if (PQresultStatus(answer.get()) != PGRES_TUPLES_OK) refuse();
    const std::string_view text = PQgetvalue(answer.get(), 0, 0);
    int process = 0;
    std::from_chars(text.data(), text.data() + text.size(), process);
    return process;
  }

  /// A pooler that changes the session after each statement does not allow it.
  void begin() const {
    if (PQresultStatus(ask("session_begin").get()) != PGRES_COMMAND_OK) refuse();
  }

 private:
  PqResult ask(std::string_view statement) const {
    PGconn* c = connection_.get();
    const auto until = std::chrono::steady_clock::now() + kPoolPatience;
    if (PQsendQuery(c, sql::statements().at(statement)) != 1) refuse();
    while (PQisBusy(c) == 1) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          until - std::chrono::steady_clock::now());
      pollfd wait{PQsocket(c), POLLIN, 0};
      if (left.count() <= 0 || ::poll(&wait, 1, static_cast<int>(left.count())) == 0) refuse();
      if (PQconsumeInput(c) != 1) refuse();
    }
    PqResult answer(PQgetResult(c));
    while (const PqResult rest{PQgetResult(c)}) {
    }
    return answer;
  }

  PqConnection connection_;
};

}  // namespace

void refusePooledSessions(const std::string& url) {
  const Client first(url);
  int served = first.server();
  if (served == first.greeter()) return;
  for (int round = 0; round < kRounds; ++round) {
    const Client second(url);
    second.begin();
    if (second.server() == served || first.server() != served) refuse();
  }
}

}  // namespace planwright

#include "store/postgres_probe.h"

#include <charconv>

#include <fmt/format.h>
#include <poll.h>

#include "base/unavailable.h"
#include "base/url_secrets.h"
#include "store/one_line.h"
#include "store/pq_handles.h"
#include "store/sql.h"

namespace planwright {
namespace {

using Steady = std::chrono::steady_clock;

struct Silence {};

}  // namespace

struct PostgresProbe::State {
  PqConnection connection;
  Steady::time_point deadline;
  SecretMask mask{};

  [[noreturn]] void giveUp(const char* what) const {
    const std::string why = mask.without(oneLine(PQerrorMessage(connection.get())));
    throw Unavailable(fmt::format("Postgres {}{}{}", what, why.empty() ? "" : ": ", why));
  }

  void await(short events) const {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - Steady::now()).count();
    pollfd wait{PQsocket(connection.get()), events, 0};
    if (left <= 0 || ::poll(&wait, 1, static_cast<int>(left)) == 0) throw Silence{};
  }

  void connect(const std::string& url) {
    mask = maskOfUrl(url);
    connection.reset(PQconnectStart(url.c_str()));
    PostgresPollingStatusType next = PGRES_POLLING_WRITING;
    while (next != PGRES_POLLING_OK) {
      if (next == PGRES_POLLING_FAILED || PQstatus(connection.get()) == CONNECTION_BAD)
        giveUp("cannot be reached");
      await(next == PGRES_POLLING_READING ? POLLIN : POLLOUT);
      next = PQconnectPoll(connection.get());
    }
  }

  /// The one value that a statement gives.
  std::string value(std::string_view statement) const {
    PGconn* c = connection.get();
    if (PQsendQuery(c, sql::statements().at(statement)) != 1) giveUp("went away");
    std::string text;
    for (;;) {
      while (PQisBusy(c) == 1) {
        await(POLLIN);
        if (PQconsumeInput(c) != 1) giveUp("went away");
      }
      const PqResult result(PQgetResult(c));
      if (!result) return text;
      if (PQresultStatus(result.get()) == PGRES_FATAL_ERROR) giveUp("went away");
      if (PQntuples(result.get()) > 0) text = PQgetvalue(result.get(), 0, 0);
    }
  }

  void mayWrite() const {
    if (value("session_may_write") == "on")
      throw Unavailable(
          "Postgres is read-only: it is a standby, or default_transaction_read_only is set for the "
          "server, the database or the role.");
  }
};

PostgresProbe::PostgresProbe(std::string url) : url_(std::move(url)) {}
PostgresProbe::~PostgresProbe() = default;

bool PostgresProbe::ask(std::chrono::milliseconds patience) {
  const auto deadline = Steady::now() + patience;
  try {
    if (state_) {
      try {
        state_->deadline = deadline;
        state_->mayWrite();
        return true;
      } catch (const Unavailable&) {  // only this session may be gone, or read-only
        state_.reset();
      }
    }
    open(deadline);
    state_->mayWrite();
    return true;
  } catch (const Silence&) {
    state_.reset();
    return false;
  } catch (const Unavailable&) {
    state_.reset();
    throw;
  }
}

void PostgresProbe::open(std::chrono::steady_clock::time_point deadline) {
  state_ = std::make_unique<State>();
  state_->deadline = deadline;
  state_->connect(url_);
}

int PostgresProbe::room(std::chrono::milliseconds patience) {
  try {
    open(Steady::now() + patience);
    const std::string text = state_->value("session_room");
    int room = 0;
    std::from_chars(text.data(), text.data() + text.size(), room);
    return room;
  } catch (const Silence&) {
    return 0;
  }
}

}  // namespace planwright

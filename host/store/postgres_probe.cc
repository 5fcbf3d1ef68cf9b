#include "store/postgres_probe.h"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>

#include "base/unavailable.h"
#include "store/one_line.h"

namespace planwright {
namespace {

using Steady = std::chrono::steady_clock;

struct FinishConnection {
  void operator()(PGconn* c) const noexcept { PQfinish(c); }
};
struct Silence {};
struct ClearResult {
  void operator()(PGresult* r) const noexcept { PQclear(r); }
};

}  // namespace

struct PostgresProbe::State {
  std::unique_ptr<PGconn, FinishConnection> connection;
  Steady::time_point deadline;

  [[noreturn]] void giveUp(const char* what) const {
    const std::string why = oneLine(PQerrorMessage(connection.get()));
    throw Unavailable(fmt::format("Postgres {}{}{}", what, why.empty() ? "" : ": ", why));
  }

  void await(short events) const {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - Steady::now()).count();
    pollfd wait{PQsocket(connection.get()), events, 0};
    if (left <= 0 || ::poll(&wait, 1, static_cast<int>(left)) == 0) throw Silence{};
  }

  void connect(const std::string& url) {
    connection.reset(PQconnectStart(url.c_str()));
    PostgresPollingStatusType next = PGRES_POLLING_WRITING;
    while (next != PGRES_POLLING_OK) {
      if (next == PGRES_POLLING_FAILED || PQstatus(connection.get()) == CONNECTION_BAD)
        giveUp("cannot be reached");
      await(next == PGRES_POLLING_READING ? POLLIN : POLLOUT);
      next = PQconnectPoll(connection.get());
    }
  }

  void query() const {
    PGconn* c = connection.get();
    if (PQsendQuery(c, "") != 1) giveUp("went away");
    for (;;) {
      while (PQisBusy(c) == 1) {
        await(POLLIN);
        if (PQconsumeInput(c) != 1) giveUp("went away");
      }
      const std::unique_ptr<PGresult, ClearResult> result(PQgetResult(c));
      if (!result) return;
      if (PQresultStatus(result.get()) == PGRES_FATAL_ERROR) giveUp("went away");
    }
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
        state_->query();
        return true;
      } catch (const Unavailable&) {  // only this connection may be gone
        state_.reset();
      }
    }
    state_ = std::make_unique<State>();
    state_->deadline = deadline;
    state_->connect(url_);
    state_->query();
    return true;
  } catch (const Silence&) {
    state_.reset();
    return false;
  } catch (const Unavailable&) {
    state_.reset();
    throw;
  }
}

}  // namespace planwright

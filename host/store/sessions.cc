#include "store/sessions.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "base/unavailable.h"
#include "base/url_secrets.h"
#include "store/one_line.h"
#include "store/sql_trouble.h"

namespace planwright {
namespace {

/// For a session that others use; no statement of theirs takes nearly as long.
constexpr std::chrono::seconds kSharePatience{15};

/// The server answers, so it is not away; only this session found no room.
bool isNoRoom(std::string_view why) {
  return why.find("too many c") != std::string_view::npos ||  // "clients", "connections for role"
         why.find("remaining connection slots") != std::string_view::npos;
}

}  // namespace

Sessions::Sessions(std::string url, ServiceState* service, std::size_t mostShared)
    : url_(std::move(url)),
      mask_(maskOfUrl(url_)),
      service_(service),
      mostShared_(mostShared) {}

Sessions::Session Sessions::open(Workload workload) {
  if (service_ && service_->isAway()) throw Unavailable(service_->problem());
  try {
    auto session = std::make_unique<PostgresSession>(url_, workload, sockets_);
    maxConnections_.store(session->maxConnections(), std::memory_order_relaxed);
    return session;
  } catch (const pqxx::sql_error& e) {
    if (troubleOf(e.sqlstate()) == SqlTrouble::Statement)
      throw;  // a setting that this server does not know is a bug, not an outage
    throw Unavailable(fmt::format("Postgres cannot be used: {}", mask_.without(oneLine(e.what()))));
  } catch (const pqxx::failure& e) {
    const std::string why =
        fmt::format("Postgres cannot be reached: {}", mask_.without(oneLine(e.what())));
    if (!isNoRoom(why)) lost(why);
    throw Unavailable(why);
  }
}

Sessions::Session Sessions::take(Workload workload, const PostgresSession* last) {
  const auto self = std::this_thread::get_id();
  {
    auto shelves = shelves_.waitFor(kSharePatience, {}, [&](Shelves& all) {
      const Shelf& shelf = all[workload];
      return !shelf.idle.empty() || shelf.holders.size() < mostShared_ ||
             std::count(shelf.holders.begin(), shelf.holders.end(), self) > 0;
    });
    Shelf& shelf = (*shelves)[workload];
    if (shelf.idle.empty() && shelf.holders.size() >= mostShared_ &&
        std::count(shelf.holders.begin(), shelf.holders.end(), self) == 0)
      throw Unavailable(fmt::format("All {} shared connections to Postgres are in use for {} s.",
                                    mostShared_, kSharePatience.count()));
    shelf.holders.push_back(self);
    while (!shelf.idle.empty()) {
      auto at = std::find_if(shelf.idle.begin(), shelf.idle.end(),
                             [&](const Session& each) { return each.get() == last; });
      if (at == shelf.idle.end()) --at;  // the one used last
      Session session = std::move(*at);
      shelf.idle.erase(at);
      if (!session->isCut()) return session;
    }
  }
  try {
    return open(workload);
  } catch (...) {
    giveBack(workload, nullptr);
    throw;
  }
}

void Sessions::giveBack(Workload workload, Session session) {
  {
    auto shelves = shelves_.lock();
    Shelf& shelf = (*shelves)[workload];
    shelf.holders.erase(
        std::find(shelf.holders.begin(), shelf.holders.end(), std::this_thread::get_id()));
    if (session && shelf.idle.size() + shelf.holders.size() < mostShared_)
      shelf.idle.push_back(std::move(session));
  }
  shelves_.notifyAll();
}

std::size_t Sessions::busy() {
  std::size_t count = 0;
  for (auto shelves = shelves_.lock(); const auto& [workload, shelf] : *shelves)
    count += shelf.holders.size();
  return count;
}

std::size_t Sessions::idle() {
  std::size_t count = 0;
  for (auto shelves = shelves_.lock(); const auto& [workload, shelf] : *shelves)
    count += shelf.idle.size();
  return count;
}

}  // namespace planwright

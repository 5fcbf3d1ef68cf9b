#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/guarded.h"
#include "base/secret_mask.h"
#include "base/service_state.h"
#include "store/postgres_session.h"

namespace planwright {

/// In store/ only: opens the sessions of a host, and keeps the few that its threads share. While
/// `service` says that Postgres is away nothing is opened. Throws Unavailable, or what libpqxx
/// throws for a statement of the setup that does not fit. [any thread]
class Sessions {
 public:
  using Session = std::unique_ptr<PostgresSession>;

  /// `mostShared`: of each workload.
  Sessions(std::string url, ServiceState* service, std::size_t mostShared);

  Session open(Workload workload);

  /// One of the shared ones for the calling thread, `last` if it is free. Waits while all are in
  /// use, but never in a thread that has one already: two of those would wait for each other.
  Session take(Workload workload, const PostgresSession* last);
  /// It goes back: null if it broke. By the thread that took it.
  void giveBack(Workload workload, Session session);

  /// Every call under way ends with an error.
  void breakAll() { sockets_->shutAll(); }
  /// Postgres was reached and cannot be used.
  void lost(const std::string& why) {
    if (service_) service_->lost(why);
  }

  std::size_t busy();
  std::size_t idle();
  /// Of the server; 0 before anybody reached it.
  int maxConnections() const { return maxConnections_.load(std::memory_order_relaxed); }
  const std::string& url() const { return url_; }

 private:
  struct Shelf {
    std::vector<Session> idle;
    std::vector<std::thread::id> holders;
  };
  using Shelves = std::map<Workload, Shelf>;

  const std::string url_;
  const SecretMask mask_;
  ServiceState* const service_;
  const std::size_t mostShared_;
  const std::shared_ptr<OpenSockets> sockets_ = std::make_shared<OpenSockets>();
  std::atomic<int> maxConnections_{0};
  Guarded<Shelves> shelves_;
};

}  // namespace planwright

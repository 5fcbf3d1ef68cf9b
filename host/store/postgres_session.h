#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <pqxx/pqxx>

#include "base/guarded.h"
#include "base/unique_fd.h"
#include "store/workload.h"

namespace planwright {

/// The sockets of all open sessions, so that a thread that waits in one can be woken. [any thread]
class OpenSockets {
 public:
  void shutAll();

  /// One of them, for as long as this lives.
  class Entry {
   public:
    Entry(std::shared_ptr<OpenSockets> all, int fd) : all_(std::move(all)), fd_(fd) {
      all_->fds_.lock()->insert(fd_);
    }
    ~Entry() { all_->fds_.lock()->erase(fd_); }
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

   private:
    const std::shared_ptr<OpenSockets> all_;
    const int fd_;
  };

 private:
  Guarded<std::set<int>> fds_;
};

/// In store/ only: one session at the server, open from begin to end, with the settings of its
/// workload. Statements are prepared at their first use: few sessions need every one. Throws what
/// libpqxx throws. One thread.
class PostgresSession {
 public:
  PostgresSession(const std::string& url, Workload workload, std::shared_ptr<OpenSockets> sockets);
  ~PostgresSession() = default;
  PostgresSession(const PostgresSession&) = delete;
  PostgresSession& operator=(const PostgresSession&) = delete;

  /// True: prepared just now, so it cannot be stale.
  bool prepare(std::string_view statement);
  pqxx::result run(const std::string& statement, const std::vector<const char*>& params);
  pqxx::result runText(const std::string& sql);

  /// What runs from now on is one transaction. Nothing is sent yet.
  void begin();
  bool isInTransaction() const { return transaction_ != nullptr; }
  void commit();
  void rollback();

  void listen(const std::string& channel);
  /// Waits for a notification or the time to pass. True: there was one.
  bool awaitNotification(long milliseconds);

  /// The server, or somebody between us, has ended it: it said something that nobody asked for.
  bool isCut() const;
  /// Of the server.
  int maxConnections() const { return maxConnections_; }

 private:
  pqxx::connection connection_;
  // A number of our own for the same socket: libpq closes its own when the connection breaks, and
  // somebody else may get it while we still know it.
  UniqueFd socket_;
  OpenSockets::Entry open_;  // before the first answer, which may not come
  std::set<std::string, std::less<>> prepared_;
  std::unique_ptr<pqxx::work> transaction_;
  std::unique_ptr<pqxx::notification_receiver> receiver_;
  bool isNotified_ = false;
  int maxConnections_ = 0;
};

}  // namespace planwright

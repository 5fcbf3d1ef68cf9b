#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/guarded.h"
#include "intake/input_recorder.h"
#include "model/claims.h"
#include "store/bell.h"
#include "store/database.h"
#include "tickets/tickets.h"
#include "workers/membership.h"
#include "workers/next_stage.h"

namespace planwright {

/// A session of Postgres in which a host holds sources. Several recorders may share one.
using SourceSession = Guarded<std::unique_ptr<Connection>>;
inline std::shared_ptr<SourceSession> newSourceSession(const Database& database) {
  return std::make_shared<SourceSession>(database.dedicated());
}

/// Records files in Postgres and gives the queued ones tickets. The right to poll a source is an
/// advisory lock of its session, and every write goes through that session: whoever lost the
/// connection, or was declared dead, lost the source with it. One recorder per source; belongs to
/// its intake's thread, and lets go of the source when it ends.
class PostgresRecorder final : public InputRecorder {
 public:
  PostgresRecorder(std::shared_ptr<SourceSession> session, std::unique_ptr<Tickets> tickets,
                   Bell& bell, const Membership& membership, int maxAttempts,
                   NextStage<ClaimedInput>* planning = nullptr);
  ~PostgresRecorder() override;
  PostgresRecorder(const PostgresRecorder&) = delete;
  PostgresRecorder& operator=(const PostgresRecorder&) = delete;

  /// Takes the source if it is free. Throws Unavailable when Postgres is away.
  bool isHolder(std::string_view queue, std::string_view source);

  RecordResult record(const RecordBatch& batch) override;
  std::vector<KnownFile> known(std::string_view queue, std::string_view source) override;
  std::string cursor(std::string_view queue, std::string_view source) override;
  void refused(std::string_view queue, std::string_view name, std::string_view reason) override;
  void sourceEvent(std::string_view queue, std::string_view type, std::string_view level,
                   std::string_view bodyJson) override;

 private:
  Rows write(const RecordBatch& batch, std::size_t seats);
  void pushTickets(const std::string& queue, const std::vector<std::int64_t>& inputs);

  Rows run(std::string_view statement, std::initializer_list<Param> params) {
    return (*connection_->lock())->run(statement, params);
  }

  const std::shared_ptr<SourceSession> connection_;
  std::unique_ptr<Tickets> tickets_;
  Bell& bell_;
  const Membership& membership_;
  const int maxAttempts_;
  NextStage<ClaimedInput>* const planning_;  ///< where new inputs may go on at once
  std::int64_t session_ = 0;  ///< the one that held the source when it was last looked at
  std::string queue_, source_;
};

}  // namespace planwright

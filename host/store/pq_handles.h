#pragma once

#include <memory>

#include <libpq-fe.h>

namespace planwright {

struct FinishConnection {
  void operator()(PGconn* c) const noexcept { PQfinish(c); }
};
struct ClearResult {
  void operator()(PGresult* r) const noexcept { PQclear(r); }
};
using PqConnection = std::unique_ptr<PGconn, FinishConnection>;
using PqResult = std::unique_ptr<PGresult, ClearResult>;

}  // namespace planwright

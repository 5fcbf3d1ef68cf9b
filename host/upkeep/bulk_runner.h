#pragma once

#include "store/bell.h"
#include "store/database.h"

namespace planwright {

/// Does the bulk operations that people asked for: one slice of letters per transaction, so that no
/// writer holds the event stream back for long, and whoever reconciles next goes on where a crash
/// left it. Tickets of what is queued again are pushed by reconcile. Belongs to the reconciler's
/// thread.
class BulkRunner {
 public:
  BulkRunner(Connection& connection, Bell& bell) : connection_(connection), bell_(bell) {}

  /// One slice of the oldest operation. False: there is none to do.
  bool step();

 private:
  Connection& connection_;
  Bell& bell_;
};

}  // namespace planwright

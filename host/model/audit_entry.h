#pragma once

#include <cstdint>
#include <string>

#include "model/caller.h"

namespace planwright {

/// One thing that somebody did or was refused, as the audit keeps it. A value.
struct AuditEntry {
  Caller actor;
  std::string address;    ///< "192.0.2.7", "uid 1000"; empty: this host itself
  std::string userAgent;  ///< as the client says
  std::string requestId;
  std::string action;         ///< an operation of the API: "enqueueBuild"
  std::string item;           ///< "plan/7"; empty: none
  std::string queue;          ///< that it belongs to; empty: none
  bool isAllowed = true;      ///< false: the caller may not do this
  int status = 0;             ///< HTTP status of the answer; 0: it was no request
  std::string reason;         ///< code of the problem that the answer is; empty: it is none
  std::string before, after;  ///< JSON of what was changed; empty: nothing to tell
};

}  // namespace planwright

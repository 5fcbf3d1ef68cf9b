#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "http/event_message.h"
#include "http/response.h"

namespace planwright {

/// A socket whose answer takes long, with what is to be sent: bytes, then a file, then
/// events.
struct Transfer {
  UniqueFd socket;
  std::vector<std::string> bytes;
  std::size_t sentBytes = 0;  ///< of `bytes`, which went out already
  FileBody file;
  std::optional<EventSubscription> events;
};

}  // namespace planwright

#pragma once

#include <cstddef>

#include "base/unique_fd.h"
#include "http/hub.h"
#include "http/response_writer.h"
#include "http/seats.h"

namespace planwright {

/// Gives an answer, of which `sentBytes` went out already, to whoever sends what takes long. The
/// connection ends with it.
void handOver(UniqueFd socket, Seat seat, WireResponse wire, std::size_t sentBytes, Hub& hub);

}  // namespace planwright

#pragma once

#include <cstdint>
#include <optional>

#include "control/control.h"
#include "http/event_message.h"

namespace planwright {

/// The log of an attempt from byte `begin` on, as a stream of its own: messages
/// {"offset","line","text"} whose id is the place behind them, until the attempt has ended and all
/// is sent: {"end":true,...}. `n`: the attempt's number, or that of the latest one when this is
/// called; a job that has not begun is waited for.
EventSubscription followLog(Control& control, std::int64_t job, std::optional<std::int64_t> n,
                            LogPlace place, std::uint64_t begin);

}  // namespace planwright

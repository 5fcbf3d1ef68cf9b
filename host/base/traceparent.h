#pragma once

#include <string>
#include <string_view>

namespace planwright {

/// The W3C Trace Context header for what belongs to the trace: "00-<trace>-<span>-01". The span is
/// `unit`'s ("input/17/2", an attempt), always the same for the same one, so that whoever tells of
/// that unit later can name it. Empty if `traceId` is.
std::string traceparentOf(std::string_view traceId, std::string_view unit);

}  // namespace planwright

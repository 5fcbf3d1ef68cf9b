#include "base/traceparent.h"

#include "base/digest.h"

namespace planwright {

std::string traceparentOf(std::string_view traceId, std::string_view unit) {
  if (traceId.empty()) return {};
  const std::string trace(traceId);
  std::string span(Digest::of(trace + " " + std::string(unit)).hex().substr(0, 16));
  if (span.find_first_not_of('0') == std::string::npos) span.back() = '1';  // 0 would be none
  return "00-" + trace + "-" + span + "-01";
}

}  // namespace planwright

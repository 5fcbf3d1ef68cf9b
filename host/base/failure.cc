#include "base/failure.h"

namespace planwright {

std::string_view toText(FailureClass kind) {
  switch (kind) {
    case FailureClass::Rejected:
      return "rejected";
    case FailureClass::Failed:
      return "failed";
    case FailureClass::Infra:
      return "infra";
    case FailureClass::Timeout:
      return "timeout";
    case FailureClass::Limit:
      return "limit";
    case FailureClass::Config:
      return "config";
    case FailureClass::Bug:
      return "bug";
    case FailureClass::Cancelled:
      return "cancelled";
  }
  return "failed";
}

FailureClass failureClassFrom(std::string_view text) {
  for (const auto kind :
       {FailureClass::Rejected, FailureClass::Infra, FailureClass::Timeout, FailureClass::Limit,
        FailureClass::Config, FailureClass::Bug, FailureClass::Cancelled})
    if (toText(kind) == text) return kind;
  return FailureClass::Failed;
}

}  // namespace planwright

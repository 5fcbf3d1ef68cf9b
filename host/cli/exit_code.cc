#include "cli/exit_code.h"

namespace planwright::cli {

ExitCode exitCodeOf(int httpStatus) {
  if (httpStatus < 400) return ExitCode::Done;
  switch (httpStatus) {
    case 401:
    case 403:
    case 421:
      return ExitCode::NotAllowed;
    case 404:
    case 410:
      return ExitCode::NotFound;
    case 409:
    case 412:
      return ExitCode::Conflict;
    case 408:
    case 504:
      return ExitCode::TimedOut;
    case 429:
    case 502:
    case 503:
      return ExitCode::Unreachable;
    default:
      return httpStatus < 500 ? ExitCode::Usage : ExitCode::WorkFailed;
  }
}

ExitCode exitCodeOf(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::Invalid:
    case ErrorKind::TooLarge:
      return ExitCode::Usage;
    case ErrorKind::NotFound:
    case ErrorKind::Gone:
      return ExitCode::NotFound;
    case ErrorKind::Conflict:
    case ErrorKind::Stale:
      return ExitCode::Conflict;
    case ErrorKind::Forbidden:
      return ExitCode::NotAllowed;
    case ErrorKind::Unavailable:
      return ExitCode::Unreachable;
    case ErrorKind::Failed:
      return ExitCode::WorkFailed;
  }
  return ExitCode::WorkFailed;
}

}  // namespace planwright::cli

#include "cli/for_each.h"

namespace planwright::cli {

ExitCode forEach(Session& session, const std::vector<std::int64_t>& ids,
                 const std::function<void(std::int64_t)>& one) {
  ExitCode first = ExitCode::Done;
  std::size_t failed = 0;
  for (const std::int64_t id : ids) {
    try {
      one(id);
    } catch (const CommandFailure& failure) {
      if (failure.code() == ExitCode::Unreachable || ids.size() == 1) throw;
      session.terminal.err << "planwright: " << failure.what() << '\n';
      if (!failure.next().empty()) session.terminal.err << "See: " << failure.next() << '\n';
      if (failed++ == 0) first = failure.code();
    }
  }
  if (failed == 0) return ExitCode::Done;
  return failed == ids.size() ? first : ExitCode::PartlyDone;
}

}  // namespace planwright::cli

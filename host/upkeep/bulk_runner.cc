#include "upkeep/bulk_runner.h"

#include "base/log.h"
#include "store/pg_array.h"

namespace planwright {
namespace {

constexpr int kSlice = 500;

}  // namespace

bool BulkRunner::step() {
  const Rows next = connection_.run("bulk_next");
  if (next.empty()) return false;
  const std::int64_t id = next.number(0, "id");
  const std::string action = next.text(0, "action");
  const std::string actor = next.text(0, "actor");

  Transaction transaction(connection_);
  const Rows slice = connection_.run("bulk_slice", {id, kSlice});
  PgArray letters, inputs, plans;
  for (std::size_t i = 0; i < slice.size(); ++i) {
    letters.add(slice.number(i, "id"));
    (slice.text(i, "kind") == "input" ? inputs : plans).add(slice.number(i, "item"));
  }
  std::size_t done = 0;
  if (action == "discard") {
    done = connection_.run("discard_letters", {letters.take(), actor}).size();
  } else {
    for (const Rows& rows :
         {connection_.run("enqueue_inputs", {inputs.take(), false, actor}),
          connection_.run("enqueue_plans", {plans.take(), false, actor, "failed", true})})
      for (std::size_t i = 0; i < rows.size(); ++i)
        done += rows.text(i, "outcome") == "queued" ? 1 : 0;
  }
  const std::int64_t last = slice.empty() ? 0 : slice.number(slice.size() - 1, "id");
  connection_.run("bulk_advance", {id, last, static_cast<std::int64_t>(done)});
  transaction.commit();
  if (done > 0) bell_.ring();
  if (last == 0) log::info("finished bulk operation={} action={} actor={}", id, action, actor);
  return true;
}

}  // namespace planwright

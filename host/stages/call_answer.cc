#include "stages/call_answer.h"

#include <iterator>
#include <utility>
#include <vector>

#include "stages/worker_wire.h"

namespace planwright {
namespace {

constexpr std::size_t kPartsBytes = std::size_t{64} << 20;  // as a plan may have

/// `more` behind what is in `list`.
template <class Entry>
std::vector<Entry> joined(std::vector<Entry> list, std::vector<Entry>& more) {
  if (list.empty()) return std::move(more);
  list.insert(list.end(), std::make_move_iterator(more.begin()),
              std::make_move_iterator(more.end()));
  return list;
}

}  // namespace

Result<void> CallAnswer::add(const Frame& part) {
  if (part.number != number_) return invalid("it gave a part of a call that is over");
  bytes_ += part.meta.size();
  if (bytes_ > kPartsBytes) return invalid("its inputs, states and outputs are more than 64 MiB");
  if (wrong_) return {};
  if (auto ok = addPart(verb_, part, parts_); !ok) wrong_ = ok.error();
  return {};
}

Result<StageOutcome> CallAnswer::take(Frame done) {
  if (wrong_) return *wrong_;
  auto outcome = outcomeFrom(verb_, std::move(done));
  if (!outcome) return outcome;
  outcome->outputs = joined(std::move(parts_.outputs), outcome->outputs);
  outcome->states = joined(std::move(parts_.states), outcome->states);
  outcome->items = joined(std::move(parts_.items), outcome->items);
  return outcome;
}

}  // namespace planwright

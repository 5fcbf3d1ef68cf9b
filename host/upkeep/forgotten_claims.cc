#include "upkeep/forgotten_claims.h"

#include <algorithm>
#include <unordered_set>

#include "base/log.h"
#include "base/threads.h"
#include "store/pg_array.h"

namespace planwright {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds kBetweenLooks{2};
constexpr std::chrono::seconds kCheckEvery{30};
constexpr int kShare = 20;  // a look reads whole tables: it takes a twentieth of the time at most

}  // namespace

ForgottenClaims::ForgottenClaims(Parts parts)
    : parts_(std::move(parts)),
      connection_(parts_.database.shared()) {}

void ForgottenClaims::start() {
  thread_ = startThread("pw-claims", [this](const std::stop_token& stop) {
    steady_clock::time_point next{};
    int looks = 0;
    do {
      if (parts_.membership.takeDoubt()) {
        looks = 0;
        next = {};
      }
      if (looks == 0 && steady_clock::now() < next) continue;
      const auto began = steady_clock::now();
      try {
        step();
        looks = (looks + 1) % 2;
      } catch (const std::exception& e) {
        looks = 0;
        log::warn("own claims cannot be looked at: {}", e.what());
      }
      const auto now = steady_clock::now();
      next = now + std::max<steady_clock::duration>(kCheckEvery, (now - began) * 2 * kShare);
    } while (sleepFor(kBetweenLooks, stop));
  });
}

void ForgottenClaims::step() {
  std::map<std::string, std::int64_t> suspects;
  for (const bool plans : {false, true}) look(plans, suspects);
  suspects_ = std::move(suspects);
}

void ForgottenClaims::look(bool plans, std::map<std::string, std::int64_t>& suspects) {
  const Rows mine = connection_->run(plans ? "my_claimed_plans" : "my_claimed_inputs",
                                     {parts_.membership.instance()});
  if (mine.empty()) return;
  const auto ours = plans ? parts_.heldPlans() : parts_.heldInputs();
  const std::unordered_set<std::int64_t> held(ours.begin(), ours.end());
  PgArray ids, fences;
  double count = 0;
  for (std::size_t i = 0; i < mine.size(); ++i) {
    if (held.contains(mine.number(i, "id"))) continue;
    const std::string item = (plans ? "plan/" : "input/") + mine.text(i, "id");
    const auto before = suspects_.find(item);
    if (before == suspects_.end() || before->second != mine.number(i, "fence")) {
      suspects[item] = mine.number(i, "fence");
      continue;
    }
    ids.add(mine.number(i, "id"));
    fences.add(mine.number(i, "fence"));
    ++count;
  }
  if (count == 0) return;
  connection_->run(plans ? "release_forgotten_plans" : "release_forgotten_inputs",
                   {ids.take(), fences.take()});
  const char* kind = plans ? "forgotten_plan" : "forgotten_input";
  parts_.metrics.add("planwright_reconcile_repairs_total", {{"kind", kind}}, count);
  log::info("repaired kind={} count={}", kind, count);
  parts_.bell.ring();
}

}  // namespace planwright

#include "control/maintenance.h"

#include "base/json.h"
#include "base/unavailable.h"

namespace planwright {

namespace {

constexpr std::size_t kLongestSentence = 500;

}  // namespace

std::optional<MaintenanceNote> Maintenance::now() const {
  const SteadyTime time = parts_.clock.steady();
  {
    auto known = known_.lock();
    if (known->readAt && time - *known->readAt < kRemembered) return known->note;
  }
  std::optional<MaintenanceNote> note;
  try {
    const Rows rows = parts_.database.lease()->run("maintenance");
    if (!rows.empty()) note = {rows.text(0, "sentence"), rows.text(0, "since"), rows.text(0, "by")};
  } catch (const Unavailable&) {
    return known_.lock()->note;
  }
  *known_.lock() = {note, time};
  return note;
}

Result<void> Maintenance::turnOn(const std::string& sentence, const std::string& by) const {
  if (sentence.empty() || sentence.size() > kLongestSentence)
    return invalid("It must say in 1 to 500 bytes why nothing can be changed, and until when.",
                   "/sentence");
  parts_.database.lease()->run("maintenance_on", {sentence, by});
  forget();
  parts_.bell.ring();
  return {};
}

void Maintenance::turnOff(const std::string& by) const {
  parts_.database.lease()->run("maintenance_off", {by});
  forget();
  parts_.bell.ring();
}

std::string Maintenance::json() const {
  const auto note = now();
  return JsonWriter()
      .object()
      .member("is_on", note.has_value())
      .textOrNull("sentence", note ? note->sentence : "")
      .textOrNull("since", note ? note->since : "")
      .textOrNull("by", note ? note->by : "")
      .end()
      .take();
}

}  // namespace planwright

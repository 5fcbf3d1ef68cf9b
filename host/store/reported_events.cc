#include "store/reported_events.h"

#include "base/json.h"

namespace planwright {

void ReportedEvents::add(const std::string& subject, const std::string& actor,
                         const std::vector<ReportedEvent>& events) {
  for (const auto& event : events) {
    subjects_.add(subject);
    types_.add(event.type);
    actors_.add(actor);
    bodies_.add(event.bodyJson);
    isEmpty_ = false;
  }
}

void ReportedEvents::write(Connection& connection, const std::string& queue) {
  if (isEmpty_) return;
  connection.run("reported_events",
                 {queue, subjects_.take(), types_.take(), actors_.take(), bodies_.take()});
}

std::string toJson(const CallProgress& progress) {
  JsonWriter json;
  json.object().member("done", static_cast<std::int64_t>(progress.done));
  json.key("total");
  if (progress.total > 0)
    json.value(static_cast<std::int64_t>(progress.total));
  else
    json.null();
  return json.textOrNull("note", progress.note).end().take();
}

}  // namespace planwright

#include <algorithm>
#include <string>
#include <vector>

#include "http/api.h"
#include "http/hub_sink.h"
#include "http/route_support.h"

namespace planwright {

namespace {

std::vector<std::string> commaSeparated(const std::string& text) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    if (comma > at) out.push_back(text.substr(at, comma - at));
    at = comma + 1;
  }
  return out;
}

Response page(Control& control, const Request& request) {
  const auto limit = numberParameter(request, "limit", 50, 1, 500);
  if (!limit) return problem(limit.error());
  return jsonOr(control.events.page({.after = optionalText(request, "after"),
                                     .types = optionalText(request, "type"),
                                     .subject = optionalText(request, "subject"),
                                     .level = optionalText(request, "level"),
                                     .queues = request.caller.queues,
                                     .limit = static_cast<int>(*limit)}));
}

Response stream(Control& control, EventFeed& feed, const Request& request) {
  // A browser that reconnects sends the header; its URL still has the old place.
  std::string wanted(request.headers.getOr("Last-Event-ID"));
  if (wanted.empty()) wanted = request.query.textOr("after");
  std::optional<EventPlace> place;
  if (!wanted.empty()) {
    place = EventPlace::parse(wanted);
    if (!place)
      return problem(Error{ErrorKind::Invalid, "It is not a cursor of the events.", {}, "after"});
  }
  const EventPlace now = feed.attach();
  if (place && place->epoch != now.epoch) place = EventPlace{};  // restored since: from the start
  EventSubscription subscription;
  subscription.after = place.value_or(now).order();
  const auto types = commaSeparated(request.query.textOr("types"));
  if (const auto& queues = request.caller.queues; !types.empty() || queues)
    subscription.wants = [types, queues](const EventMessage& message) {
      if (message.type == "events.pruned") return true;
      if (queues && !queues->contains(message.queue)) return false;
      return types.empty() || std::find(types.begin(), types.end(), message.type) != types.end();
    };
  subscription.backlog = [&control](const EventOrder& after, std::size_t limit) {
    std::vector<EventMessage> out;
    for (auto& event :
         control.events.after({after[0], after[1], after[2]}, static_cast<int>(limit)))
      out.push_back(HubSink::message(std::move(event)));
    return out;
  };
  return Response::events(std::move(subscription));
}

}  // namespace

void addEventRoutes(Router& router, Control& control, EventFeed& feed) {
  router.get("/api/events",
             withQuery({"after", "type", "subject", "level", "limit"},
                       [&control](const Request& request) { return page(control, request); }));
  router.get("/api/events/stream",
             withQuery({"after", "types"}, [&control, &feed](const Request& request) {
               return stream(control, feed, request);
             }));
}

}  // namespace planwright

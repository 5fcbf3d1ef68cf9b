#include "cli/pages.h"

namespace planwright::cli {
namespace {

std::string joinedBody(const std::vector<const JsonValue*>& items, const std::string& nextCursor) {
  JsonWriter json;
  json.object().key("items").array();
  for (const JsonValue* item : items) json.value(*item);
  json.end().textOrNull("next_cursor", nextCursor).member("total", items.size()).end();
  return json.take();
}

}  // namespace

std::vector<const JsonValue*> Pages::items() const {
  std::vector<const JsonValue*> items;
  for (const auto& page : documents) {
    const JsonValue* list = find(page, "items");
    if (!list || !list->IsArray()) continue;
    for (const auto& item : list->GetArray()) items.push_back(&item);
  }
  return items;
}

Pages fetchPages(Client& client, const std::string& pathAndQuery, std::size_t atLeast,
                 const std::string& next) {
  Pages pages;
  const std::string join = pathAndQuery.find('?') == std::string::npos ? "?cursor=" : "&cursor=";
  do {
    const std::string cursor = pages.nextCursor.empty() ? "" : join + urlEncoded(pages.nextCursor);
    Reply reply = client.get(pathAndQuery + cursor);
    if (!reply.ok()) throw failureOf(reply, next);
    auto page = parseJson(reply.body);
    if (!page || !page->IsObject())
      throw CommandFailure(ExitCode::Unreachable, client.baseUrl() +
                                                      " did not answer with a list; is this a "
                                                      "planwright server?");
    pages.nextCursor = textOr(*page, "next_cursor");
    pages.documents.push_back(std::move(*page));
    pages.body = std::move(reply.body);
  } while (!pages.nextCursor.empty() && pages.items().size() < atLeast);
  if (pages.documents.size() > 1) pages.body = joinedBody(pages.items(), pages.nextCursor);
  return pages;
}

Pages fetchJobs(Client& client, const std::string& path, const std::string& next) {
  return fetchPages(client, path + "/jobs?limit=200", kEveryItem, next);
}

}  // namespace planwright::cli

// Webhooks: who is told of events, and what was sent.
#include <chrono>

#include "base/threads.h"
#include "cli/command_groups.h"
#include "cli/listings.h"
#include "cli/output.h"

namespace planwright::cli {
namespace {

constexpr const char* kWebhooks = "/api/webhooks";
constexpr const char* kDeliveries = "/api/webhook-deliveries";
constexpr const char* kList = "planwright webhook ls";

struct WebhookArguments {
  std::int64_t id = 0;
  std::string url, kind = "webhook", mode, repository, tokenSecret, page, after, state;
  std::vector<std::string> queues, types;
  int limit = 50;
};

std::string pathOf(const WebhookArguments& arguments, const std::string& rest = {}) {
  return kWebhooks + ("/" + std::to_string(arguments.id)) + rest;
}

Column listColumn(const char* title, const char* member) {
  return {title,
          [member](const JsonValue& webhook) {
            std::string text;
            for (const auto& each : textsOf(webhook, member))
              text += (text.empty() ? "" : ",") + each;
            return text.empty() ? "all" : text;
          },
          false, false};
}

Columns webhookColumns() {
  return {column("ID", "id"),           column("KIND", "kind"),
          column("URL", "url"),         listColumn("QUEUES", "queues"),
          listColumn("TYPES", "types"), column("WAITING", "waiting"),
          column("DEAD", "dead"),       column("FAILURES", "failures"),
          column("LAST", "last_at"),    column("CURSOR", "cursor", true),
          column("ERROR", "last_error")};
}

Columns deliveryColumns() {
  return {column("ID", "id"),
          column("TYPE", "type"),
          column("SUBJECT", "subject"),
          {"STATE", [](const JsonValue& each) { return textOr(each, "state"); }, false, true},
          column("ATTEMPTS", "attempts"),
          column("STATUS", "status"),
          column("NEXT", "next_attempt_at"),
          column("LAST", "last_attempt_at"),
          column("MESSAGE", "message_id", true),
          column("ERROR", "error")};
}

/// The answer of a POST that must succeed.
Reply posted(Session& session, const std::string& path, const std::string& body,
             const std::string& next) {
  Reply reply = session.client().send("POST", path, body);
  if (!reply.ok()) throw failureOf(reply, next);
  return reply;
}

/// A secret stands alone on stdout, so that it can be piped to where it belongs.
ExitCode printSecret(Session& session, const Reply& reply, const std::string& note) {
  if (!session.isTable()) {
    printObject(session, reply.body);
    return ExitCode::Done;
  }
  const auto webhook = parseJson(reply.body);
  const std::string secret = webhook ? textOr(*webhook, "secret") : "";
  if (!secret.empty()) session.terminal.out << secret << '\n';
  session.terminal.err << note << '\n';
  return ExitCode::Done;
}

ExitCode add(Session& session, const WebhookArguments& arguments) {
  JsonWriter body;
  body.object().member("kind", arguments.kind).member("url", arguments.url);
  for (const auto& [name, value] :
       {std::pair("mode", &arguments.mode), std::pair("repository", &arguments.repository),
        std::pair("token_secret", &arguments.tokenSecret), std::pair("page", &arguments.page)})
    if (!value->empty()) body.member(name, *value);
  for (const auto& [name, values] :
       {std::pair("queues", &arguments.queues), std::pair("types", &arguments.types)}) {
    if (values->empty()) continue;
    body.key(name).array();
    for (const auto& value : *values) body.value(value);
    body.end();
  }
  const Reply reply = posted(session, kWebhooks, body.end().take(), kList);
  const auto webhook = parseJson(reply.body);
  const std::string id = webhook ? valueAt(*webhook, "id") : "";
  return printSecret(session, reply,
                     "Webhook " + id + " is told of what happens from now on." +
                         (arguments.kind == "webhook"
                              ? " The secret is shown once; the receiver needs it to check "
                                "signatures.\nSee if it works: planwright webhook test " +
                                    id
                              : ""));
}

ExitCode list(Session& session, const WebhookArguments&) {
  const Reply reply = session.client().get(kWebhooks);
  if (!reply.ok()) throw failureOf(reply);
  const auto webhooks = parseJson(reply.body);
  std::vector<const JsonValue*> items;
  if (const JsonValue* all = webhooks ? find(*webhooks, "items") : nullptr; all && all->IsArray())
    for (const auto& webhook : all->GetArray()) items.push_back(&webhook);
  printItems(session, webhookColumns(), items, reply.body);
  return ExitCode::Done;
}

ExitCode remove(Session& session, const WebhookArguments& arguments) {
  const Reply reply = session.client().send("DELETE", pathOf(arguments), "");
  if (!reply.ok()) throw failureOf(reply, kList);
  session.terminal.out << "webhook " << arguments.id << " is removed\n";
  return ExitCode::Done;
}

ExitCode rotate(Session& session, const WebhookArguments& arguments) {
  return printSecret(session, posted(session, pathOf(arguments, "/rotate-secret"), "{}", kList),
                     "For a day, requests are signed with this secret and with the one before.");
}

/// Sends a made-up event and waits for its end: done if it arrived.
ExitCode test(Session& session, const WebhookArguments& arguments) {
  const Reply sent = posted(session, pathOf(arguments, "/test"), "{}", kList);
  const auto begun = parseJson(sent.body);
  const std::string path = std::string(kDeliveries) + "/" + (begun ? valueAt(*begun, "id") : "");
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  JsonDocument delivery = session.client().json(path);
  while (numberOr(delivery, "attempts", 0) == 0) {
    if (std::chrono::steady_clock::now() > until)
      throw CommandFailure(ExitCode::TimedOut,
                           "no host sends it; one with the role upkeep must run", kList);
    sleepFor(std::chrono::milliseconds(100), {});
    delivery = session.client().json(path);
  }
  if (!session.isTable()) printObject(session, toJson(delivery));
  if (textOr(delivery, "state") == "delivered") {
    if (session.isTable())
      session.terminal.out << "delivered: it answered " << numberOr(delivery, "status", 0) << '\n';
    return ExitCode::Done;
  }
  throw CommandFailure(ExitCode::WorkFailed, "not delivered: " + textOr(delivery, "error"),
                       "planwright webhook deliveries " + std::to_string(arguments.id));
}

ExitCode deliveries(Session& session, const WebhookArguments& arguments) {
  std::string path = pathOf(arguments, "/deliveries?limit=" + std::to_string(arguments.limit));
  if (!arguments.state.empty()) path += "&state=" + urlEncoded(arguments.state);
  const Pages pages = fetchPages(session.client(), path, 0, kList);
  printItems(session, deliveryColumns(), pages.items(), pages.body);
  return ExitCode::Done;
}

ExitCode redeliver(Session& session, const WebhookArguments& arguments) {
  const std::string path = std::string(kDeliveries) + "/" + std::to_string(arguments.id);
  posted(session, path + "/redeliver", "{}", kList);
  session.terminal.out << "delivery " << arguments.id << " is sent again\n";
  return ExitCode::Done;
}

ExitCode replay(Session& session, const WebhookArguments& arguments) {
  posted(session, pathOf(arguments, "/replay"),
         JsonWriter().object().member("after", arguments.after).end().take(), kList);
  session.terminal.out << "webhook " << arguments.id << " is told again of everything after "
                       << arguments.after << '\n';
  return ExitCode::Done;
}

}  // namespace

void addWebhookCommands(CLI::App& app, Session& session) {
  CLI::App* group = addGroup(app, "webhook", "receivers of events, and forges told of commits");
  const auto arguments = std::make_shared<WebhookArguments>();
  const auto command = [&](const char* name, const char* description,
                           ExitCode (*action)(Session&, const WebhookArguments&)) {
    CLI::App* added = group->add_subcommand(name, description);
    added->callback([&session, arguments, action] {
      session.action = [&session, arguments, action] { return action(session, *arguments); };
    });
    return added;
  };
  const auto withId = [&](CLI::App* added, const char* what) {
    added->add_option("ID", arguments->id, what)->required();
    return added;
  };
  CLI::App* added = command("add", "tell somebody of events, and print the secret, this once", add);
  added->add_option("URL", arguments->url, "where events go; of a forge its API")->required();
  added->add_option("--kind", arguments->kind, "webhook, github, gitea or gitlab")
      ->check(CLI::IsMember({"webhook", "github", "gitea", "gitlab"}));
  added->add_option("--mode", arguments->mode, "structured or binary CloudEvents")
      ->check(CLI::IsMember({"structured", "binary"}));
  added->add_option("--queue", arguments->queues, "only of this queue; may be given again");
  added->add_option("--type", arguments->types, "such as plan.built or build.*; again for more");
  added->add_option("--repository", arguments->repository, "of a forge: OWNER/NAME");
  added->add_option("--token-secret", arguments->tokenSecret,
                    "of a forge: the secret of the configuration that is its token");
  added->add_option("--page", arguments->page, "of a forge: where people see the page");
  command("ls", "all of them", list);
  withId(command("rm", "tell it nothing any more", remove), "its number");
  withId(command("rotate", "give it a new secret, and print it, this once", rotate), "its number");
  withId(command("test", "deliver a made-up event and say how it went", test), "its number");
  CLI::App* listed =
      withId(command("deliveries", "what was sent, the latest first", deliveries), "its number");
  listed->add_option("--state", arguments->state, "waiting, delivered or dead")
      ->check(CLI::IsMember({"waiting", "delivered", "dead"}));
  listed->add_option("--limit", arguments->limit, "how many")->check(CLI::Range(1, kPageSize));
  withId(command("redeliver", "send one delivery again, now", redeliver), "of the delivery");
  withId(command("replay", "tell it again of everything after a place", replay), "its number")
      ->add_option("--after", arguments->after, "a cursor of the events; 0 = all that are kept")
      ->required();
}

}  // namespace planwright::cli

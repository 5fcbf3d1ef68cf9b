// Tokens of the server, and signing a browser in.
#include <algorithm>

#include "base/loopback.h"
#include "cli/command_groups.h"
#include "cli/listings.h"
#include "cli/output.h"

namespace planwright::cli {
namespace {

constexpr const char* kTokens = "/api/tokens";

struct TokenArguments {
  std::string name, role, expires;
  std::vector<std::string> queues;
  bool hasAll = false;
};

std::string queuesText(const JsonValue& token) {
  const JsonValue* queues = find(token, "queues");
  if (!queues || !queues->IsArray()) return "all";
  std::string text;
  for (const auto& queue : queues->GetArray())
    text.append(text.empty() ? "" : ",").append(queue.GetString(), queue.GetStringLength());
  return text;
}

Columns tokenColumns() {
  return {column("ID", "id"),
          column("NAME", "name"),
          column("ROLE", "role"),
          {"QUEUES", queuesText, false, false},
          column("CREATED", "created_at"),
          column("BY", "created_by", true),
          column("EXPIRES", "expires_at"),
          column("LAST USED", "last_used_at"),
          column("REVOKED", "revoked_at")};
}

ExitCode create(Session& session, const TokenArguments& arguments) {
  JsonWriter body;
  body.object().member("name", arguments.name).member("role", arguments.role);
  if (!arguments.queues.empty()) {
    body.key("queues").array();
    for (const auto& queue : arguments.queues) body.value(queue);
    body.end();
  }
  if (!arguments.expires.empty()) body.member("expires_in", arguments.expires);
  const Reply reply = session.client().send("POST", kTokens, body.end().take());
  if (!reply.ok()) throw failureOf(reply, "planwright token ls");
  if (!session.isTable()) {
    printObject(session, reply.body);
    return ExitCode::Done;
  }
  const auto token = parseJson(reply.body);
  session.terminal.out << (token ? textOr(*token, "token") : "") << '\n';
  session.terminal.err << "This is shown once. Hand it to programs as PLANWRIGHT_TOKEN, or in a "
                          "file that PLANWRIGHT_TOKEN_FILE names.\n";
  return ExitCode::Done;
}

ExitCode list(Session& session, const TokenArguments& arguments) {
  const Reply reply = session.client().get(kTokens);
  if (!reply.ok()) throw failureOf(reply);
  const auto tokens = parseJson(reply.body);
  std::vector<const JsonValue*> items;
  const JsonValue* all = tokens ? find(*tokens, "items") : nullptr;
  if (all && all->IsArray())
    for (const auto& token : all->GetArray())
      if (arguments.hasAll || textOr(token, "revoked_at").empty()) items.push_back(&token);
  printItems(session, tokenColumns(), items, reply.body);
  return ExitCode::Done;
}

/// The id of the token that is in use and has this name or id.
std::int64_t idOf(Session& session, const std::string& nameOrId) {
  const auto tokens = session.client().json(kTokens);
  if (const JsonValue* all = find(tokens, "items"); all && all->IsArray())
    for (const auto& token : all->GetArray()) {
      const std::int64_t id = numberOr(token, "id", 0);
      const bool isMeant = textOr(token, "name") == nameOrId || std::to_string(id) == nameOrId;
      if (isMeant && textOr(token, "revoked_at").empty()) return id;
    }
  throw CommandFailure(ExitCode::NotFound, "no token \"" + nameOrId + "\" is in use",
                       "planwright token ls");
}

ExitCode revoke(Session& session, const TokenArguments& arguments) {
  const std::int64_t id = idOf(session, arguments.name);
  const Reply reply = session.client().send("DELETE", kTokens + ("/" + std::to_string(id)), "");
  if (!reply.ok()) throw failureOf(reply, "planwright token ls");
  session.terminal.out << "token " << id << " is revoked\n";
  return ExitCode::Done;
}

ExitCode printLoginLink(Session& session) {
  const Reply reply = session.client().send("POST", "/api/login-links", "{}");
  if (!reply.ok()) throw failureOf(reply);
  const auto link = parseJson(reply.body);
  const std::string& server = session.client().baseUrl();
  const std::string path = link ? textOr(*link, "path") : "";
  if (unixPathOf(server))
    session.terminal.err << "Open this path at the address of what stands before " << server
                         << ".\n";
  session.terminal.out << (unixPathOf(server) ? path : server + path) << '\n';
  session.terminal.err << "It works once, within 10 minutes.\n";
  return ExitCode::Done;
}

ExitCode printCaller(Session& session) {
  const Reply reply = session.client().get("/api/me");
  if (!reply.ok()) throw failureOf(reply);
  printObject(session, reply.body);
  return ExitCode::Done;
}

}  // namespace

void addAccessCommands(CLI::App& app, Session& session) {
  CLI::App* group = addGroup(app, "token", "tokens of programs that use the API");
  const auto arguments = std::make_shared<TokenArguments>();
  const auto command = [&](CLI::App& parent, const char* name, const char* description,
                           ExitCode (*action)(Session&, const TokenArguments&)) {
    CLI::App* added = parent.add_subcommand(name, description);
    added->callback([&session, arguments, action] {
      session.action = [&session, arguments, action] { return action(session, *arguments); };
    });
    return added;
  };
  CLI::App* created = command(*group, "create", "make a token and print it, this once", create);
  created->add_option("--name", arguments->name, "who events say it was")->required();
  created->add_option("--role", arguments->role, "viewer, operator, approver or admin")
      ->required()
      ->check(CLI::IsMember({"viewer", "operator", "approver", "admin"}));
  created->add_option("--queue", arguments->queues, "only this queue; may be given again");
  created->add_option("--expires", arguments->expires, "such as 30d; default: until revoked");
  CLI::App* listed = command(*group, "ls", "the tokens in use", list);
  listed->add_flag("--all", arguments->hasAll, "those revoked within 30 days as well");
  command(*group, "revoke", "refuse a token from now on", revoke)
      ->add_option("NAME", arguments->name, "its name or id")
      ->required();
  command(app, "login-link", "print a link that signs a browser in, once",
          [](Session& each, const TokenArguments&) { return printLoginLink(each); });
  command(app, "whoami", "who the server takes you for, and what you may do",
          [](Session& each, const TokenArguments&) { return printCaller(each); });
}

}  // namespace planwright::cli

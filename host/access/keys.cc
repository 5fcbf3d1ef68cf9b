#include "access/keys.h"

#include <stdexcept>
#include <utility>
#include <vector>

#include "access/token_file.h"
#include "base/digest.h"
#include "base/hmac.h"
#include "base/log.h"
#include "base/unavailable.h"
#include "config/secret_values.h"
#include "store/pg_array.h"

namespace planwright {

namespace {

constexpr std::size_t kMostKnown = 10'000;

SomeQueues queuesOf(const Rows& rows, std::size_t row) {
  if (rows.isNull(row, "queues")) return std::nullopt;
  std::set<std::string> queues;
  const auto list = parseJson(rows.text(row, "queues"));
  if (list && list->IsArray())
    for (const auto& name : list->GetArray())
      queues.emplace(name.GetString(), name.GetStringLength());
  return queues;
}

Caller callerOf(const Rows& rows, std::size_t row) {
  return {.name = rows.text(row, "name"),
          .role = parseRole(rows.text(row, "role")).value_or(Role::Nobody),
          .queues = queuesOf(rows, row)};
}

void writeToken(JsonWriter& json, const Rows& rows, std::size_t row) {
  json.object()
      .member("id", rows.number(row, "id"))
      .member("name", rows.text(row, "name"))
      .member("role", rows.text(row, "role"));
  writeQueues(json, queuesOf(rows, row));
  for (const char* time : {"created_at", "expires_at", "last_used_at", "revoked_at"})
    json.textOrNull(time, rows.text(row, time));
  json.member("created_by", rows.text(row, "created_by"))
      .textOrNull("revoked_by", rows.text(row, "revoked_by"))
      .end();
}

}  // namespace

void writeQueues(JsonWriter& json, const SomeQueues& queues) {
  json.key("queues");
  if (!queues) {
    json.null();
    return;
  }
  json.array();
  for (const auto& queue : *queues) json.value(queue);
  json.end();
}

std::optional<Caller> Keys::find(KeyKind kind, std::string_view text) {
  const std::string digest = Digest::of(text).text();
  const std::string key = std::string(toText(kind)) + digest;
  const SteadyTime now = parts_.clock.steady();
  std::optional<Known> old;
  {
    auto known = known_.lock();
    if (const auto found = known->find(key); found != known->end()) old = found->second;
  }
  if (old && now - old->readAt < kRemembered) return old->caller;
  std::optional<Caller> caller;
  try {
    caller = read(kind, text, digest);
  } catch (const Unavailable&) {
    if (!old || now - old->readAt > kWithoutDatabase) throw;
    return old->caller;
  }
  if (caller) caller->kind = kind == KeyKind::Session ? CallerKind::Session : CallerKind::Token;
  auto known = known_.lock();
  if (!caller) {
    known->erase(key);  // strangers' tries are not remembered: there is no end of them
    return std::nullopt;
  }
  if (known->size() >= kMostKnown) known->clear();
  known->insert_or_assign(key, Known{*caller, now});
  return caller;
}

std::optional<Caller> Keys::read(KeyKind kind, std::string_view text,
                                 const std::string& digest) const {
  if (kind == KeyKind::Token)
    if (auto caller = findInFiles(digest)) return caller;
  return isKey(kind, text) ? findInRows(kind, digest) : std::nullopt;
}

std::optional<Caller> Keys::findInFiles(std::string_view digest) const {
  std::vector<AccessToken> tokens = parts_.config.now()->access.tokens;
  tokens.push_back({{.name = kAdministrator}, {parts_.tokenFile, {}}});
  std::optional<Caller> found;
  for (const auto& token : tokens) {  // all of them, so that the time says nothing
    const auto value = readSecretValues({{token.caller.name, token.source}});
    if (!value) {
      log::debug("access: {}", value.error().message);  // a start and a reload warn of it
      continue;
    }
    const std::string own = Digest::of(value->begin()->second).text();
    if (!equalsInConstantTime(own, digest)) continue;
    found = token.caller;
    found->fileKey = own;
  }
  return found;
}

std::optional<Caller> Keys::findInRows(KeyKind kind, const std::string& digest) const {
  auto connection = parts_.database.lease(Workload::Keyed);
  const Rows rows = connection->run("access_key", {toText(kind), digest});
  if (rows.empty()) return std::nullopt;
  const std::string parentFile = rows.text(0, "parent_file");
  if (!parentFile.empty() && !findInFiles(parentFile)) return std::nullopt;
  Caller caller = callerOf(rows, 0);
  caller.key = rows.number(0, "id");
  if (rows.flag(0, "is_due")) connection->run("access_key_used", {caller.key});
  return caller;
}

NewKey Keys::add(KeyKind kind, const Caller& caller, const std::string& by,
                 std::optional<std::chrono::seconds> lifetime) const {
  NewKey key{makeKey(kind)};
  const bool isMade = kind != KeyKind::Token;
  const Rows rows =
      parts_.database.lease(Workload::Keyed)
          ->run(
              "access_key_add",
              {toText(kind), Digest::of(key.text).text(), caller.name, toText(caller.role),
               PgArray::of(caller.queues),
               isMade && caller.key != 0 ? std::optional(std::to_string(caller.key)) : std::nullopt,
               isMade ? caller.fileKey : "", by,
               lifetime ? std::optional(std::to_string(lifetime->count())) : std::nullopt});
  if (!rows.empty()) key.id = rows.number(0, "id");
  return key;
}

Result<NewKey> Keys::addToken(const TokenWish& wish) {
  NewKey key = add(KeyKind::Token, wish.caller, wish.by, wish.lifetime);
  if (key.id == 0)
    return conflict("A token named " + wish.caller.name +
                        " is in use; choose another name, or revoke it first.",
                    "name-taken");
  return key;
}

std::string Keys::tokensJson() const {
  const Rows rows = parts_.database.lease()->run("access_tokens");
  JsonWriter json;
  json.object().key("items").array();
  for (std::size_t i = 0; i < rows.size(); ++i) writeToken(json, rows, i);
  return json.end().end().take();
}

Result<std::string> Keys::tokenJson(std::int64_t id) const {
  const Rows rows = parts_.database.lease(Workload::Keyed)->run("access_token", {id});
  if (rows.empty()) return notFound("There is no token " + std::to_string(id) + ".");
  JsonWriter json;
  writeToken(json, rows, 0);
  return json.take();
}

Result<void> Keys::revokeToken(std::int64_t id, const std::string& by) {
  const Rows rows = parts_.database.lease(Workload::Keyed)
                        ->run("access_key_end", {id, toText(KeyKind::Token), by});
  known_.lock()->clear();
  if (rows.empty()) return notFound("No token " + std::to_string(id) + " is in use.");
  return {};
}

std::string Keys::addLink(const Caller& caller) {
  parts_.database.lease(Workload::Keyed)->run("access_forget");
  return add(KeyKind::Link, caller, caller.name, kLinkLifetime).text;
}

std::string Keys::addAdministratorLink() {
  const auto token = readSecretValues({{"token", {parts_.tokenFile, {}}}});
  if (!token) throw std::runtime_error(token.error().message);
  return addLink(*findInFiles(Digest::of(token->at("token")).text()));
}

Result<std::pair<Caller, std::string>> Keys::signIn(std::string_view linkOrToken) {
  std::optional<Caller> caller;
  if (isKey(KeyKind::Link, linkOrToken)) {
    const Rows rows = parts_.database.lease(Workload::Keyed)
                          ->run("access_link_take", {Digest::of(linkOrToken).text()});
    if (!rows.empty()) {
      caller = callerOf(rows, 0);
      caller->key = rows.number(0, "parent");
      caller->fileKey = rows.text(0, "parent_file");
    }
  } else {
    caller = find(KeyKind::Token, linkOrToken);
  }
  if (!caller)
    return Error{
        ErrorKind::Forbidden,
        "Nobody can sign in with this: it is no token, or a link that was used or is older "
        "than 10 minutes. `planwright login-link` makes a new link.",
        "sign-in-refused",
        {}};
  const NewKey session = add(KeyKind::Session, *caller, caller->name, kSessionLifetime);
  caller->kind = CallerKind::Session;
  return std::pair(*caller, session.text);
}

void Keys::signOut(const Caller& caller) {
  if (caller.key == 0) return;
  parts_.database.lease(Workload::Keyed)
      ->run("access_key_end", {caller.key, toText(KeyKind::Session), caller.name});
  known_.lock()->clear();
}

}  // namespace planwright

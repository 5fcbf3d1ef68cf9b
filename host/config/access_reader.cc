#include "config/access_reader.h"

#include <algorithm>
#include <cctype>

#include "base/loopback.h"
#include "config/secret_reader.h"

namespace planwright {
namespace {

constexpr const char* kLater =
    "is not supported by this version; name the callers below tokens, or put a proxy that asks who "
    "they are in front of listen";

Role readRole(SectionReader& section, const ConfigNode& node) {
  const std::string text = section.text("role");
  if (const auto role = parseRole(text)) return *role;
  const ConfigNode* written = section.value("role");
  section.complain(written ? *written : node,
                   "a token needs role: one of " + roleNames() +
                       (text.empty() ? "" : "; \"" + text + "\" is none"));
  return Role::Viewer;
}

AccessToken readToken(const ConfigNode& node, const std::filesystem::path& folder,
                      ConfigProblems& problems) {
  SectionReader section(&node, "an entry of access/tokens", problems);
  AccessToken token;
  token.caller.name = section.text("name");
  if (!isCallerName(token.caller.name))
    section.complain(section.value("name") ? *section.value("name") : node,
                     "a token needs name: 1 to 64 letters, digits and ._@-, which events show");
  token.caller.role = readRole(section, node);
  if (section.value("queues")) {
    const auto queues = section.texts("queues");
    token.caller.queues.emplace(queues.begin(), queues.end());
    if (queues.empty())
      section.complain(*section.value("queues"), "queues names none; leave it out for all queues");
  }
  token.source = readSecretSource(section, node, "a token", folder);
  section.finish();
  return token;
}

}  // namespace

bool isCallerName(std::string_view name) {
  const auto fits = [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '@' || c == '-';
  };
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), fits);
}

AccessConfig readAccess(SectionReader& top, const std::filesystem::path& folder,
                        ConfigProblems& problems) {
  SectionReader section(top.section("access"), "access", problems);
  AccessConfig access;
  access.isOpen = section.choice("mode", {"token", "none"}, "token") == "none";
  for (const ConfigNode* node : section.sections("tokens"))
    access.tokens.push_back(readToken(*node, folder, problems));
  access.requestsPerMinute = section.count("requests_per_minute", 0, 1, 1'000'000);
  section.refuse("oidc", kLater);
  section.refuse("proxy", kLater);
  if (access.isOpen && !access.tokens.empty())
    section.complain(*section.value("mode"),
                     "mode: none asks nobody for a token; leave out mode or tokens");
  for (auto at = access.tokens.begin(); at != access.tokens.end(); ++at)
    if (std::any_of(access.tokens.begin(), at,
                    [&](const auto& each) { return each.caller.name == at->caller.name; }))
      section.complain(*section.value("tokens"),
                       "two tokens are named " + at->caller.name + "; give each a name of its own");
  section.finish();
  return access;
}

void checkTokenQueues(const Config& config, ConfigProblems& problems) {
  for (std::size_t i = 0; i < config.access.tokens.size(); ++i) {
    const Caller& caller = config.access.tokens[i].caller;
    for (const auto& queue : caller.queues.value_or(std::set<std::string>())) {
      if (config.queue(queue)) continue;
      const std::string near = nearestName(queue, config.queueNames());
      problems.push_back({config.placeOf("/access/tokens/" + std::to_string(i) + "/queues"),
                          "the token " + caller.name + " names the queue \"" + queue +
                              "\", which is not there" +
                              (near.empty() ? "" : "; did you mean \"" + near + "\"?")});
    }
  }
}

std::optional<ConfigProblem> accessProblem(const Config& config) {
  const std::string& address = config.listen.address;
  if (!config.roles.api || unixPathOf(address) || isLoopbackHost(address)) return std::nullopt;
  if (config.access.isOpen)
    return ConfigProblem{
        config.placeOf("/access/mode"),
        "access: {mode: none} is for loopback addresses and unix sockets only, and "
        "others reach " +
            address + "; listen on 127.0.0.1, or name tokens below access:"};
  if (!config.access.tokens.empty()) return std::nullopt;
  return ConfigProblem{config.placeOf("/listen"),
                       "others reach " + address +
                           ", so the configuration must say who may do what: name a token below "
                           "access: {tokens: [{name: NAME, role: admin, file: PATH}]}, or listen "
                           "on 127.0.0.1"};
}

}  // namespace planwright

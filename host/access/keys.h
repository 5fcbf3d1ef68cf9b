#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "access/key_text.h"
#include "base/clock.h"
#include "base/guarded.h"
#include "base/json.h"
#include "base/live.h"
#include "base/result.h"
#include "config/config.h"
#include "model/caller.h"
#include "store/database.h"

namespace planwright {

/// A token that somebody wants.
struct TokenWish {
  Caller caller;                                      ///< its name, role and queues
  std::optional<std::chrono::seconds> lifetime = {};  ///< none: until it is revoked
  std::string by;                                     ///< who asks for it
};

/// A key whose text is shown this once.
struct NewKey {
  std::string text;
  std::int64_t id = 0;
};

/// A list, or null for every queue.
void writeQueues(JsonWriter& json, const SomeQueues& queues);

/// Who a token, a session or a link stands for. Tokens are rows, the administrator's token in the
/// data folder, and those that the configuration names. What was found is remembered for
/// kRemembered, so that a busy client costs no query per request; a revoked token is refused at
/// once by the host that was asked to revoke it, by others after that time. While Postgres is away,
/// what was known goes on being known for kWithoutDatabase. [any thread]
class Keys {
 public:
  struct Parts {
    Database& database;
    const Live<Config>& config;
    const Clock& clock;
    std::filesystem::path tokenFile;  ///< of the administrator
  };
  explicit Keys(Parts parts) : parts_(std::move(parts)) {}

  static constexpr std::chrono::seconds kRemembered{2};
  static constexpr std::chrono::minutes kWithoutDatabase{10};
  static constexpr std::chrono::hours kSessionLifetime{7 * 24};
  static constexpr std::chrono::minutes kLinkLifetime{10};

  /// The caller whose token or session this is; nobody's gives none. Throws Unavailable.
  std::optional<Caller> find(KeyKind kind, std::string_view text);

  /// Conflict: a token of that name is in use.
  Result<NewKey> addToken(const TokenWish& wish);
  /// As JSON: {items: [token]}, and one of them.
  std::string tokensJson() const;
  Result<std::string> tokenJson(std::int64_t id) const;
  /// NotFound: no token that is in use.
  Result<void> revokeToken(std::int64_t id, const std::string& by);

  /// A link to sign a browser in with, once, as `caller`.
  std::string addLink(const Caller& caller);
  /// The same as the administrator of this host.
  std::string addAdministratorLink();
  /// A session of the caller whose link (used up by this) or token it is. Forbidden: it is neither.
  Result<std::pair<Caller, std::string>> signIn(std::string_view linkOrToken);
  /// Ends the session by which the caller is known, if it is one.
  void signOut(const Caller& caller);

 private:
  struct Known {
    Caller caller;
    SteadyTime readAt;
  };
  std::optional<Caller> findInFiles(std::string_view digest) const;
  std::optional<Caller> findInRows(KeyKind kind, const std::string& digest) const;
  std::optional<Caller> read(KeyKind kind, std::string_view text, const std::string& digest) const;
  NewKey add(KeyKind kind, const Caller& caller, const std::string& by,
             std::optional<std::chrono::seconds> lifetime) const;

  const Parts parts_;
  Guarded<std::map<std::string, Known, std::less<>>> known_;  ///< by kind and digest
};

}  // namespace planwright

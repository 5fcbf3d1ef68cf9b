#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace planwright {

/// What somebody may do. Each role may do all that the roles before it may.
enum class Role {
  Nobody,    ///< not signed in
  Viewer,    ///< reads
  Operator,  ///< uploads, enqueues, cancels, answers dead letters
  Approver,  ///< approves plans
  Admin,     ///< settings, plugins, tokens
};

std::string_view toText(Role role);
/// nullopt: no role that can be given to anybody.
std::optional<Role> parseRole(std::string_view text);
/// "viewer, operator, approver, admin", for messages.
std::string roleNames();

/// How it is known who asks.
enum class CallerKind {
  Anyone,   ///< nobody is asked who they are
  Nobody,   ///< not signed in
  Token,    ///< shows a token
  Session,  ///< a browser that signed in
  Webhook,  ///< signs what it sends
  Host,     ///< this host by itself, or who may send it signals
};

std::string_view toText(CallerKind kind);

/// Queues that are asked for, or that somebody may see; nothing: every queue, those to come as
/// well.
using SomeQueues = std::optional<std::set<std::string>>;

/// Who asks for something. A value.
struct Caller {
  std::string name = "api";  ///< the actor of events
  Role role = Role::Admin;
  SomeQueues queues = {};
  std::int64_t key = 0;      ///< row of access_keys, if a row says who this is
  std::string fileKey = {};  ///< else the digest of the token in a file, if one says so
  CallerKind kind = CallerKind::Anyone;

  static Caller nobody() {
    return {.name = "nobody", .role = Role::Nobody, .kind = CallerKind::Nobody};
  }
  bool mayUse(const std::string& queue) const { return !queues || queues->contains(queue); }
  friend bool operator==(const Caller&, const Caller&) = default;
};

}  // namespace planwright

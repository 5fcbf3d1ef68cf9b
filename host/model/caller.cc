#include "model/caller.h"

#include <array>

namespace planwright {

namespace {

constexpr std::array<std::string_view, 5> kNames = {"nobody", "viewer", "operator", "approver",
                                                    "admin"};

}  // namespace

std::string_view toText(Role role) {
  return kNames.at(static_cast<std::size_t>(role));
}

std::string_view toText(CallerKind kind) {
  switch (kind) {
    case CallerKind::Anyone:
      return "anyone";
    case CallerKind::Nobody:
      return "nobody";
    case CallerKind::Token:
      return "token";
    case CallerKind::Session:
      return "session";
    case CallerKind::Webhook:
      return "webhook";
    case CallerKind::Host:
      return "host";
  }
  return "";
}

std::optional<Role> parseRole(std::string_view text) {
  for (std::size_t i = 1; i < kNames.size(); ++i)
    if (kNames[i] == text) return static_cast<Role>(i);
  return std::nullopt;
}

std::string roleNames() {
  std::string text;
  for (std::size_t i = 1; i < kNames.size(); ++i)
    text.append(text.empty() ? "" : ", ").append(kNames[i]);
  return text;
}

}  // namespace planwright

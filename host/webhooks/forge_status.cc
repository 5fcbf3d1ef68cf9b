#include "webhooks/forge_status.h"

#include <array>

#include <fmt/format.h>

#include "base/json.h"
#include "base/percent_encoding.h"

namespace planwright {

namespace {

/// What an event says of a commit, in the words of the forges: GitHub's and Gitea's states of a
/// status, and GitLab's.
struct CommitState {
  std::string_view type;
  std::string_view state;
  std::string_view gitlabState;
  std::string_view words;  ///< in front of "plan 7" or "input 3"
};

constexpr auto kStates = std::to_array<CommitState>({
    {"input.recorded", "pending", "pending", "waiting to be planned"},
    {"input.planning", "pending", "pending", "being planned"},
    {"input.failed", "failure", "failed", "could not be planned"},
    {"input.cancelled", "error", "canceled", "cancelled"},
    {"input.superseded", "error", "canceled", "replaced by a newer file"},
    {"plan.ready_for_build", "pending", "pending", "planned, waiting to be built"},
    {"plan.building", "pending", "running", "being built"},
    {"plan.built", "success", "success", "built"},
    {"plan.failed", "failure", "failed", "the build failed"},
    {"plan.cancelled", "error", "canceled", "cancelled"},
    {"plan.superseded", "error", "canceled", "replaced by a newer plan"},
});

const CommitState* stateOf(std::string_view type) {
  for (const auto& state : kStates)
    if (state.type == type) return &state;
  return nullptr;
}

/// A source of others may call anything a commit, and it becomes part of an address.
bool isCommit(std::string_view text) {
  return (text.size() == 40 || text.size() == 64) &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string statusUrl(const Webhook& forge, const std::string& commit) {
  switch (forge.kind) {
    case WebhookKind::GitLab:
      return fmt::format("{}/projects/{}/statuses/{}", forge.url, percentEncoded(forge.repository),
                         commit);
    default:
      return fmt::format("{}/repos/{}/statuses/{}", forge.url, forge.repository, commit);
  }
}

/// "plan/7" -> /plans/7 of the page.
std::string pageOf(const std::string& page, const std::string& subject) {
  const auto slash = subject.find('/');
  return page + "/" + subject.substr(0, slash) + "s" + subject.substr(slash);
}

}  // namespace

std::optional<WebhookMessage> forgeMessage(const Webhook& forge, const StoredEvent& event,
                                           const CommitFile& file) {
  const CommitState* state = stateOf(event.type);
  if (!state || !isCommit(file.commit)) return std::nullopt;
  const bool isGitLab = forge.kind == WebhookKind::GitLab;
  const std::string context = fmt::format("planwright/{}/{}", event.queue, file.filename);
  JsonWriter body;
  body.object()
      .member("state", isGitLab ? state->gitlabState : state->state)
      .member("target_url", pageOf(forge.page, event.subject))
      .member("description", fmt::format("{}: {}", event.subject, state->words))
      .member(isGitLab ? "name" : "context", context)
      .end();
  WebhookMessage message{.id = {},
                         .place = event.place,
                         .placeText = event.place.text(),
                         .subject = file.commit + " " + context,
                         .type = event.type,
                         .url = statusUrl(forge, file.commit),
                         .headers = {"content-type: application/json"},
                         .body = body.take()};
  if (forge.kind == WebhookKind::GitHub) {
    message.headers.emplace_back("accept: application/vnd.github+json");
    message.headers.emplace_back("x-github-api-version: 2022-11-28");
  }
  return sealed(forge, std::move(message));
}

std::string forgeAuthorization(WebhookKind kind, std::string_view token) {
  switch (kind) {
    case WebhookKind::GitLab:
      return fmt::format("private-token: {}", token);
    case WebhookKind::Gitea:
      return fmt::format("authorization: token {}", token);
    default:
      return fmt::format("authorization: Bearer {}", token);
  }
}

bool isThereAlready(WebhookKind kind, int status, std::string_view answer) {
  return kind == WebhookKind::GitLab && status == 400 &&
         answer.find("Cannot transition status") != std::string_view::npos;
}

}  // namespace planwright

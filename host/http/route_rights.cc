#include "http/route_rights.h"

#include <algorithm>
#include <array>

namespace planwright {

namespace {

constexpr auto kGet = Method::Get;
constexpr auto kPost = Method::Post;
constexpr auto kPut = Method::Put;
constexpr auto kPatch = Method::Patch;
constexpr auto kDelete = Method::Delete;
constexpr auto kNobody = Role::Nobody;
constexpr auto kViewer = Role::Viewer;
constexpr auto kOperator = Role::Operator;
constexpr auto kAdmin = Role::Admin;

struct Entry {
  Method method;
  std::string_view pattern;
  Role role;
  Scope scope;
};

/// The one table of who may do what.
constexpr auto kRights = std::to_array<Entry>({
    // Open: probes, the page's own files, signing in and out, and webhooks, which are signed.
    {kGet, "", kNobody, Scope::None},
    {kGet, "/healthz", kNobody, Scope::Probe},
    {kGet, "/readyz", kNobody, Scope::Probe},
    {kGet, "/api/me", kNobody, Scope::None},
    {kPost, "/api/login", kNobody, Scope::None},
    {kPost, "/api/logout", kNobody, Scope::None},
    {kPost, "/api/queues/{queue}/nudge", kNobody, Scope::None},

    {kGet, "/metrics", kViewer, Scope::Whole},
    {kGet, "/api/version", kViewer, Scope::None},
    {kGet, "/api/openapi.json", kViewer, Scope::None},
    {kGet, "/api/workers", kViewer, Scope::None},
    {kGet, "/api/reconciler", kViewer, Scope::None},
    {kGet, "/api/arriving", kViewer, Scope::Filtered},
    {kGet, "/api/failures", kViewer, Scope::Filtered},
    {kGet, "/api/plugins", kViewer, Scope::None},
    {kGet, "/api/plugins/{id}", kViewer, Scope::None},
    {kPost, "/api/plugins/{id}/release", kAdmin, Scope::Whole},
    {kGet, "/api/blobs/{digest}", kViewer, Scope::Whole},
    {kGet, "/api/provenance/keys", kViewer, Scope::None},

    {kPost, "/api/login-links", kViewer, Scope::None},
    {kGet, "/api/tokens", kAdmin, Scope::Whole},
    {kPost, "/api/tokens", kAdmin, Scope::Whole},
    {kGet, "/api/tokens/{id}", kAdmin, Scope::Whole},
    {kDelete, "/api/tokens/{id}", kAdmin, Scope::Whole},
    {kGet, "/api/audit", kAdmin, Scope::Whole},

    {kGet, "/api/webhooks", kAdmin, Scope::Whole},
    {kPost, "/api/webhooks", kAdmin, Scope::Whole},
    {kGet, "/api/webhooks/{id}", kAdmin, Scope::Whole},
    {kDelete, "/api/webhooks/{id}", kAdmin, Scope::Whole},
    {kPost, "/api/webhooks/{id}/rotate-secret", kAdmin, Scope::Whole},
    {kPost, "/api/webhooks/{id}/test", kAdmin, Scope::Whole},
    {kPost, "/api/webhooks/{id}/replay", kAdmin, Scope::Whole},
    {kGet, "/api/webhooks/{id}/deliveries", kAdmin, Scope::Whole},
    {kGet, "/api/webhook-deliveries/{id}", kAdmin, Scope::Whole},
    {kPost, "/api/webhook-deliveries/{id}/redeliver", kAdmin, Scope::Whole},

    {kGet, "/api/pending-inputs", kViewer, Scope::Filtered},
    {kPost, "/api/pending-inputs", kOperator, Scope::Upload},
    {kGet, "/api/pending-inputs/{id}", kViewer, Scope::Input},
    {kDelete, "/api/pending-inputs/{id}", kOperator, Scope::Input},
    {kGet, "/api/pending-inputs/{id}/explain", kViewer, Scope::Input},
    {kGet, "/api/pending-inputs/{id}/content", kViewer, Scope::Input},
    {kPost, "/api/pending-inputs/{id}/enqueue-plan", kOperator, Scope::Input},
    {kPost, "/api/pending-inputs/{id}/cancel", kOperator, Scope::Input},

    {kGet, "/api/plans", kViewer, Scope::Filtered},
    {kGet, "/api/plans/{id}", kViewer, Scope::Plan},
    {kGet, "/api/plans/{id}/explain", kViewer, Scope::Plan},
    {kGet, "/api/plans/{id}/jobs", kViewer, Scope::Plan},
    {kGet, "/api/plans/{id}/artifact", kViewer, Scope::Plan},
    {kGet, "/api/plans/{id}/diff", kViewer, Scope::Plan},
    {kGet, "/api/plans/{id}/cache", kViewer, Scope::Plan},
    {kPost, "/api/plans/{id}/enqueue-build", kOperator, Scope::Plan},
    {kPost, "/api/plans/{id}/cancel", kOperator, Scope::Plan},

    {kGet, "/api/builds", kViewer, Scope::Filtered},
    {kGet, "/api/builds/{id}", kViewer, Scope::Build},
    {kGet, "/api/builds/{id}/explain", kViewer, Scope::Build},
    {kGet, "/api/builds/{id}/jobs", kViewer, Scope::Build},
    {kGet, "/api/builds/{id}/manifest", kViewer, Scope::Build},
    {kGet, "/api/builds/{id}/provenance", kViewer, Scope::Build},
    {kGet, "/api/builds/{id}/sbom", kViewer, Scope::Build},
    {kGet, "/api/builds/{id}/artifacts.tar", kViewer, Scope::Build},
    {kGet, "/api/builds/{id}/artifacts.zip", kViewer, Scope::Build},
    {kGet, "/api/builds/{id}/artifacts/{path...}", kViewer, Scope::Build},
    {kPost, "/api/builds/{id}/cancel", kOperator, Scope::Build},

    {kGet, "/api/jobs", kViewer, Scope::Filtered},
    {kGet, "/api/jobs/{id}", kViewer, Scope::Job},
    {kGet, "/api/jobs/{id}/explain", kViewer, Scope::Job},
    {kGet, "/api/jobs/{id}/cache", kViewer, Scope::Job},
    {kPost, "/api/jobs/{id}/cancel", kOperator, Scope::Job},
    {kGet, "/api/jobs/{id}/log", kViewer, Scope::Job},
    {kGet, "/api/jobs/{id}/log/search", kViewer, Scope::Job},
    {kGet, "/api/jobs/{id}/log/raw", kViewer, Scope::Job},
    {kGet, "/api/jobs/{id}/log/stream", kViewer, Scope::Job},

    {kGet, "/api/dead-letters", kViewer, Scope::Filtered},
    {kGet, "/api/dead-letters/causes", kViewer, Scope::Filtered},
    {kGet, "/api/dead-letters/{id}", kViewer, Scope::Letter},
    {kPost, "/api/dead-letters/{id}/requeue", kOperator, Scope::Letter},
    {kPost, "/api/dead-letters/{id}/discard", kOperator, Scope::Letter},
    {kPost, "/api/bulk-operations", kOperator, Scope::Filtered},
    {kGet, "/api/bulk-operations/{id}", kViewer, Scope::Filtered},

    {kGet, "/api/events", kViewer, Scope::Filtered},
    {kGet, "/api/events/stream", kViewer, Scope::Filtered},

    {kGet, "/api/queues", kViewer, Scope::Filtered},
    {kGet, "/api/queues/{queue}", kViewer, Scope::Queue},
    {kPatch, "/api/queues/{queue}", kAdmin, Scope::Queue},
    {kPut, "/api/queues/{queue}", kAdmin, Scope::Queue},
    {kPost, "/api/queues/{queue}", kAdmin, Scope::Queue},
    {kGet, "/api/queues/{queue}/settings", kViewer, Scope::Queue},
    {kGet, "/api/queues/{queue}/settings/sources", kViewer, Scope::Queue},
    {kPost, "/api/queues/{queue}/{stage}/pause", kAdmin, Scope::Queue},
    {kPost, "/api/queues/{queue}/{stage}/resume", kAdmin, Scope::Queue},
    {kPost, "/api/queues/{queue}/plugins/reload", kAdmin, Scope::Queue},
    {kPost, "/api/queues/{queue}/plugins/rollback", kAdmin, Scope::Queue},
    {kGet, "/api/settings", kViewer, Scope::Default},
    {kPatch, "/api/settings", kAdmin, Scope::Default},
    {kPut, "/api/settings", kAdmin, Scope::Default},
    {kPost, "/api/settings", kAdmin, Scope::Default},
    {kGet, "/api/settings/schema", kViewer, Scope::None},
    {kGet, "/api/settings/sources", kViewer, Scope::Default},
    {kGet, "/api/maintenance", kViewer, Scope::None},
    {kPut, "/api/maintenance", kAdmin, Scope::Whole},
    {kDelete, "/api/maintenance", kAdmin, Scope::Whole},
    {kPost, "/api/reload", kAdmin, Scope::Whole},

    {kGet, "/simple", kViewer, Scope::None},
    {kGet, "/simple/", kViewer, Scope::None},
    {kGet, "/simple/{index}", kViewer, Scope::Index},
    {kGet, "/simple/{index}/", kViewer, Scope::Index},
    {kGet, "/simple/{index}/{project}", kViewer, Scope::Index},
    {kGet, "/simple/{index}/{project}/", kViewer, Scope::Index},
    {kGet, "/simple/{index}/{project}/{digest}/{file}", kViewer, Scope::Index},
});

const Entry* entryOf(Method method, std::string_view pattern) {
  const auto found = std::find_if(kRights.begin(), kRights.end(), [&](const Entry& each) {
    return each.method == method && each.pattern == pattern;
  });
  return found == kRights.end() ? nullptr : &*found;
}

}  // namespace

RouteRight rightOf(Method method, std::string_view pattern) {
  const Entry* entry = entryOf(method, pattern);
  return entry ? RouteRight{entry->role, entry->scope} : RouteRight{};
}

bool hasRight(Method method, std::string_view pattern) {
  return entryOf(method, pattern) != nullptr;
}

}  // namespace planwright

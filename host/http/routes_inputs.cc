#include <unistd.h>

#include "http/api.h"
#include "http/multipart.h"
#include "http/route_support.h"

namespace planwright {

namespace {

/// Makes the descriptor's file exactly the part's bytes, for a reader that reads to the end. The
/// file is the request's own and has no name.
void keepOnly(int fd, const FilePart& part) {
  if (::ftruncate(fd, static_cast<off_t>(part.offset + part.size)) != 0 ||
      ::lseek(fd, static_cast<off_t>(part.offset), SEEK_SET) < 0)
    throw std::system_error(errno, std::generic_category(), "upload");
}

std::string baseName(const std::string& name) {
  const auto slash = name.find_last_of("/\\");
  return slash == std::string::npos ? name : name.substr(slash + 1);
}

std::int64_t uploadLimit(const Config& config, const std::string& queue) {
  constexpr std::int64_t kWithoutSource = std::int64_t{1} << 30;
  const QueueConfig* found = config.queue(queue);
  if (!found || found->sources.empty()) return kWithoutSource;
  std::int64_t limit = 0;
  for (const auto& source : found->sources) limit = std::max(limit, source.maxBytes);
  return limit;
}

Response upload(Control& control, const Request& request) {
  const std::string_view type = request.headers.getOr("Content-Type");
  const std::string_view bare = type.substr(0, type.find(';'));
  if (request.headers.has("Content-Encoding"))
    return problem(415, "unsupported-media-type", "Send the file as it is, without an encoding.");
  if (!request.bodyFile) return problem(400, "invalid", "The body must be the file.");
  Upload wish{
      .queue = request.query.textOr("queue", control.parts.config.now()->defaultQueue().name),
      .filename = request.query.textOr("filename"),
      .blob = {},
      .traceId = traceIdOf(request)};
  const int fd = request.bodyFile->get();
  if (equalsIgnoringCase(bare, "multipart/form-data")) {
    const auto part = findFilePart(fd, type);
    if (!part) return problem(part.error());
    if (wish.filename.empty()) wish.filename = baseName(part->filename);
    keepOnly(fd, *part);
  } else if (bare.starts_with("multipart/")) {
    return problem(415, "unsupported-media-type",
                   "Send the file as the body, or as the part \"file\" of multipart/form-data.");
  }
  if (wish.filename.empty())
    return problem(Error{ErrorKind::Invalid, "Name the file: ?filename=NAME.", {}, "filename"});
  if (!control.parts.config.now()->queue(wish.queue))
    return problem(notFound("There is no queue " + wish.queue + "."));
  auto blob = control.parts.blobs.stage(fd, uploadLimit(*control.parts.config.now(), wish.queue));
  if (!blob) return problem(blob.error());
  wish.blob = std::move(*blob);
  std::string file = JsonWriter()
                         .object()
                         .member("filename", wish.filename)
                         .member("digest", wish.blob.digest.text())
                         .end()
                         .take();
  auto done = control.actions.upload(wish);
  if (!done) return problem(done.error());
  return Response::json(std::move(done->itemJson), done->isNew ? 201 : 200)
      .noting({.item = "input/" + std::to_string(done->id), .after = std::move(file)})
      .with("Location", "/api/pending-inputs/" + std::to_string(done->id));
}

Response enqueuePlan(Control& control, std::int64_t id, const Request& request) {
  const auto body = bodyObject(request, {"force"});
  if (!body) return problem(body.error());
  const auto force = flagMember(*body, "force");
  if (!force) return problem(force.error());
  return enqueuedResponse(
             control.actions.enqueuePlan(id, *force, request.caller.name, traceIdOf(request)),
             "pending_input")
      .noting({.after = toJson(*body)});
}

}  // namespace

void addInputRoutes(Router& router, Control& control) {
  const std::string one = "/api/pending-inputs/{id}";
  router.get("/api/pending-inputs", listHandler(control, Listed::Inputs));
  router.add(Method::Post, "/api/pending-inputs",
             withQuery({"filename", "queue"}, idempotent(control,
                                                         [&control](const Request& request) {
                                                           return upload(control, request);
                                                         })),
             {.upload = true});
  router.get(one, itemHandler(control, Listed::Inputs));
  router.get(one + "/explain", explainHandler(control, Listed::Inputs));
  getOne(router, one + "/content", [&control](std::int64_t id) {
    return contentResponse(control.contents.ofInput(id), "application/octet-stream", true);
  });
  router.post(
      one + "/enqueue-plan",
      withQuery({}, idempotent(control, withId([&control](std::int64_t id, const Request& request) {
                                 return enqueuePlan(control, id, request);
                               }))));
  const auto cancel = cancelHandler(control, [&control](std::int64_t id, const std::string& actor) {
    return control.actions.cancelInput(id, actor);
  });
  router.add(Method::Delete, one, cancel);
  router.post(one + "/cancel", cancel);
}

}  // namespace planwright
